// Settings: the name, the look of the page, and who may act as oneself.
import { useState } from "preact/hooks";
import type { Me } from "../../../sdk/ts/src/index";
import { client } from "../../app/client";
import { expired, session_store, signed_in } from "../../app/session";
import type { Theme } from "../../lib/chosen";
import { failure_text } from "../../lib/failure";
import { useTexts } from "../../lib/i18n";
import { language_store, set_language, set_theme, theme_store } from "../../lib/prefs";
import { useStore } from "../../lib/store";
import { clean_name, code_point_count, name_max } from "../../lib/text";
import { Face } from "../../ui/Face";
import { Field } from "../../ui/Field";
import { say } from "../../ui/toast";
import { Blocks } from "./Blocks";
import { Sessions } from "./Sessions";
import { Tokens } from "./Tokens";

export function SettingsPage() {
  const t = useTexts();
  const session = useStore(session_store);
  return (
    <main id="main" class="narrow stack settings">
      <h1 tabIndex={-1}>{t.settings.title}</h1>
      {session.state === "known" && <You me={session.me} key={session.me.id} />}
      <Look />
      {session.state === "known" && (
        <>
          <Sessions />
          <Tokens />
          <Blocks />
        </>
      )}
      {session.state === "anonymous" && (
        <section class="card stack">
          <p>{t.settings.anonymous}</p>
          <div class="row wrap">
            <a class="btn btn-main" href="/login">{t.nav.log_in}</a>
            <a class="btn" href="/signup">{t.nav.sign_up}</a>
          </div>
        </section>
      )}
    </main>
  );
}

function You({ me }: { me: Me }) {
  const t = useTexts();
  const language = useStore(language_store);
  const [name, set_name] = useState(me.name);
  const [wrong, set_wrong] = useState<string | null>(null);
  const [busy, set_busy] = useState(false);
  const since = new Intl.DateTimeFormat(language, { dateStyle: "long" })
    .format(Date.parse(me.created_at));

  async function save() {
    if (busy) return;
    const wanted = clean_name(name);
    const letters = code_point_count(wanted);
    if (letters < 1 || letters > name_max) return set_wrong(t.account.name_bad);
    set_wrong(null);
    set_busy(true);
    const reply = await client.accounts.rename(wanted);
    set_busy(false);
    if (reply.ok) {
      signed_in(reply.value);
      set_name(reply.value.name);
      say(t.settings.saved);
    } else if (!expired(reply.failure)) set_wrong(failure_text(reply.failure, t));
  }
  return (
    <section class="card" aria-labelledby="you">
      <h2 id="you" class="h-card">{t.settings.you}</h2>
      <div class="row you">
        <Face account={me.id} />
        <div>
          <b dir="auto">{me.name}</b> <span class="faint small">@{me.handle}</span>
          <p class="small quiet">{t.settings.since(since)}</p>
        </div>
      </div>
      <form
        class="inline-form"
        onSubmit={(event) => {
          event.preventDefault();
          void save();
        }}
      >
        <Field
          id="name" label={t.account.name} value={name} wrong={wrong} autocomplete="nickname"
          on_input={set_name}
        />
        <button type="submit" class="btn" aria-busy={busy}>{t.settings.save}</button>
      </form>
    </section>
  );
}

function Look() {
  const t = useTexts();
  const theme = useStore(theme_store);
  const language = useStore(language_store);
  const themes: [Theme, string][] = [
    ["system", t.app.as_system], ["dark", t.app.night], ["light", t.app.morning],
  ];
  return (
    <section class="card" aria-labelledby="look">
      <h2 id="look" class="h-card">{t.settings.look}</h2>
      <div class="stack">
        <div>
          <span class="label" id="look-language">{t.app.language}</span>
          <div class="row wrap" role="group" aria-labelledby="look-language">
            {([["en", "English"], ["ja", "日本語"]] as const).map(([value, label]) => (
              <button
                key={value} type="button" class="chip" lang={value}
                aria-pressed={language === value} onClick={() => set_language(value)}
              >
                {label}
              </button>
            ))}
          </div>
        </div>
        <div>
          <span class="label" id="look-theme">{t.app.theme}</span>
          <div class="row wrap" role="group" aria-labelledby="look-theme">
            {themes.map(([value, label]) => (
              <button
                key={value} type="button" class="chip" aria-pressed={theme === value}
                onClick={() => set_theme(value)}
              >
                {label}
              </button>
            ))}
          </div>
        </div>
      </div>
    </section>
  );
}
