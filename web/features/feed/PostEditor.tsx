// A post of one's own, changed in place. What was drawn stays as it is.
import { useEffect, useRef, useState } from "preact/hooks";
import type { Me, Post, PostChange } from "../../../sdk/ts/src/index";
import { client } from "../../app/client";
import { expired, session_store } from "../../app/session";
import { failure_text } from "../../lib/failure";
import { useTexts } from "../../lib/i18n";
import { useStore } from "../../lib/store";
import { clean_post_text, clean_tag, code_point_count, post_text_left, tag_max } from "../../lib/text";
import { say } from "../../ui/toast";
import { Extras } from "./Extras";
import { await_refusal, change_posts, told } from "./lists";

export function PostEditor({ post, on_close }: { post: Post; on_close: () => void }) {
  const session = useStore(session_store);
  if (session.state !== "known") return null;
  return <Editor post={post} me={session.me} on_close={on_close} />;
}

/** Only what is another than before. */
function change_of(post: Post, wanted: Required<PostChange>): PostChange {
  return {
    ...(wanted.text === post.text ? {} : { text: wanted.text }),
    ...(wanted.feeling === post.feeling ? {} : { feeling: wanted.feeling }),
    ...(wanted.spoiler === post.spoiler ? {} : { spoiler: wanted.spoiler }),
    ...(wanted.tag === post.tag ? {} : { tag: wanted.tag }),
  };
}

function Editor({ post, me, on_close }: { post: Post; me: Me; on_close: () => void }) {
  const t = useTexts();
  const [text, set_text] = useState(post.text);
  const [extras, set_extras] = useState(
    { feeling: post.feeling, spoiler: post.spoiler, tag: post.tag ?? "" });
  const [wrong, set_wrong] = useState<string | null>(null);
  const [busy, set_busy] = useState(false);
  const area = useRef<HTMLTextAreaElement>(null);
  useEffect(() => area.current?.focus(), []);
  const left = post_text_left(text);

  async function save() {
    if (busy) return;
    const wanted = clean_post_text(text);
    const tag = clean_tag(extras.tag);
    if (wanted === "" && post.drawing === null) return set_wrong(t.post.edit_empty);
    if (left < 0) return set_wrong(t.composer.over(-left));
    if (code_point_count(tag) > tag_max) return set_wrong(t.composer.tag_bad);
    set_wrong(null);
    const change = change_of(post, { ...extras, text: wanted, tag: tag === "" ? null : tag });
    if (Object.keys(change).length === 0) return on_close();
    set_busy(true);
    const reply = await client.posts.change(post.id, change);
    set_busy(false);
    if (!reply.ok) return void (expired(reply.failure) || set_wrong(failure_text(reply.failure, t)));
    change_posts((one) => (one.id === post.id ? told(one, reply.value) : one));
    await_refusal(reply.value.position, (refusal) => {
      change_posts((one) => (one.id === post.id ? told(one, post) : one));
      say(t.post.not_edited(refusal.reason));
    });
    say(t.post.edited_said);
    on_close();
  }
  function key(event: KeyboardEvent) {
    if (event.key === "Escape") return on_close();
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey) || event.isComposing) return;
    event.preventDefault();
    void save();
  }
  const id = `edit-${post.id}`;
  return (
    <form
      class="post-edit stack" aria-label={t.post.edit} onKeyDown={key}
      onSubmit={(event) => {
        event.preventDefault();
        void save();
      }}
    >
      <label class="vh" for={id}>{t.post.edit_text}</label>
      <textarea
        id={id} ref={area} class="input" dir="auto" rows={3} value={text} aria-invalid={wrong !== null}
        aria-describedby={wrong === null ? undefined : `${id}-wrong`}
        onInput={(event) => set_text(event.currentTarget.value)}
      />
      <Extras id={id} me={me} value={extras} locked={busy} tag="" on_change={set_extras} />
      {wrong !== null && <p class="hint bad" role="alert" id={`${id}-wrong`}>{wrong}</p>}
      <div class="row wrap">
        <button type="submit" class="btn btn-main" aria-busy={busy}>{t.settings.save}</button>
        <button type="button" class="btn" onClick={on_close}>{t.app.cancel}</button>
      </div>
    </form>
  );
}
