// One's name, what one says of oneself, and one's face.
import { useState } from "preact/hooks";
import type { AccountChange, Me } from "../../../sdk/ts/src/index";
import { client } from "../../app/client";
import { expired, signed_in } from "../../app/session";
import { failure_text } from "../../lib/failure";
import { useTexts } from "../../lib/i18n";
import { language_store } from "../../lib/prefs";
import { useStore } from "../../lib/store";
import { bio_max, clean_name, clean_post_text, code_point_count, name_max } from "../../lib/text";
import { Face } from "../../ui/Face";
import { Field } from "../../ui/Field";
import { Icon } from "../../ui/Icon";
import { say } from "../../ui/toast";
import { FaceEditor } from "../people/FaceEditor";

export function You({ me }: { me: Me }) {
  const t = useTexts();
  const language = useStore(language_store);
  const [name, set_name] = useState(me.name);
  const [bio, set_bio] = useState(me.bio);
  const [wrong, set_wrong] = useState<{ name?: string; bio?: string }>({});
  const [busy, set_busy] = useState(false);
  const [face, set_face] = useState(false);
  const since = new Intl.DateTimeFormat(language, { dateStyle: "long" })
    .format(Date.parse(me.created_at));

  async function save() {
    if (busy) return;
    const wanted_name = clean_name(name);
    const wanted_bio = clean_post_text(bio);
    const letters = code_point_count(wanted_name);
    if (letters < 1 || letters > name_max) return set_wrong({ name: t.account.name_bad });
    if (code_point_count(wanted_bio) > bio_max) return set_wrong({ bio: t.settings.bio_bad });
    // Only what changed: a name is said to others again with each change.
    const change: AccountChange = {
      ...(wanted_name === me.name ? {} : { name: wanted_name }),
      ...(wanted_bio === me.bio ? {} : { bio: wanted_bio }),
    };
    set_wrong({});
    if (Object.keys(change).length === 0) return say(t.settings.saved);
    set_busy(true);
    const reply = await client.accounts.change(change);
    set_busy(false);
    if (reply.ok) {
      signed_in(reply.value);
      set_name(reply.value.name);
      set_bio(reply.value.bio);
      say(t.settings.saved);
    } else if (!expired(reply.failure)) {
      const text = failure_text(reply.failure, t);
      set_wrong(change.name === undefined ? { bio: text } : { name: text });
    }
  }
  return (
    <section class="card" aria-labelledby="you">
      <h2 id="you" class="h-card">{t.settings.you}</h2>
      <div class="row you">
        <Face face={me.face} />
        <div>
          <b dir="auto">{me.name}</b> <a class="faint small" href={`/people/${me.handle}`}>@{me.handle}</a>
          <p class="small quiet">{t.settings.since(since)}</p>
        </div>
        <button
          type="button" class="btn" aria-expanded={face} onClick={() => set_face(!face)}
        >
          <Icon name="brush" />{t.face.edit}
        </button>
      </div>
      {face && <FaceEditor me={me} on_close={() => set_face(false)} />}
      <form
        class="inline-form"
        onSubmit={(event) => {
          event.preventDefault();
          void save();
        }}
      >
        <Field
          id="name" label={t.account.name} value={name} wrong={wrong.name ?? null} autocomplete="nickname"
          on_input={set_name}
        />
        <Field
          id="bio" label={t.settings.bio} value={bio} hint={t.settings.bio_hint} wrong={wrong.bio ?? null}
          rows={3} on_input={set_bio}
        />
        <button type="submit" class="btn" aria-busy={busy}>{t.settings.save}</button>
      </form>
    </section>
  );
}
