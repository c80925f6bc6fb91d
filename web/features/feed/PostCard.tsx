// One post. Its menu is there only for those who can use what is in it.
import { memo } from "preact/compat";
import { useState } from "preact/hooks";
import type { Post } from "../../../sdk/ts/src/index";
import { client } from "../../app/client";
import { expired, session_store } from "../../app/session";
import { failure_text } from "../../lib/failure";
import { useTexts } from "../../lib/i18n";
import { language_store } from "../../lib/prefs";
import { useStore } from "../../lib/store";
import { ago, full_time, now_store } from "../../lib/time";
import { Dialog } from "../../ui/Dialog";
import { Face } from "../../ui/Face";
import { Menu } from "../../ui/Menu";
import { say } from "../../ui/toast";
import { feed } from "./plaza";

export function Age({ time }: { time: string }) {
  const t = useTexts();
  const language = useStore(language_store);
  const now = useStore(now_store);
  return (
    <time dateTime={time} title={full_time(time, language)}>
      {ago(time, now, language, t.app.just_now)}
    </time>
  );
}

interface Props {
  post: Post;
  /** Its place in a feed, from 1. */
  place?: number;
  on_blocked?: () => void;
}

function PostCardOf({ post, place, on_blocked }: Props) {
  const session = useStore(session_store);
  const others = session.state === "known" && session.me.id !== post.author.id;
  const head = `by-${post.id}`;
  return (
    <article
      class="card post" tabIndex={place === undefined ? undefined : -1} aria-labelledby={head} aria-posinset={place}
      aria-setsize={place === undefined ? undefined : -1} data-post={post.id}
    >
      <Face account={post.author.id} />
      <div>
        <div class="post-head">
          <b id={head} dir="auto">{post.author.name}</b>
          <span class="faint small handle">@{post.author.handle}</span>
          <a class="faint small" href={`/posts/${post.id}`}><Age time={post.created_at} /></a>
          {others && <PostMenu post={post} on_blocked={on_blocked} />}
        </div>
        <div class="post-body">
          <p class="post-text" dir="auto" lang={post.language ?? undefined}>{post.text}</p>
        </div>
      </div>
    </article>
  );
}

export const PostCard = memo(PostCardOf);

function PostMenu({ post, on_blocked }: { post: Post; on_blocked: (() => void) | undefined }) {
  const t = useTexts();
  const [asking, set_asking] = useState(false);
  const { id, handle, name } = post.author;

  async function unblock() {
    const reply = await client.blocks.remove(handle);
    if (!reply.ok) return void (expired(reply.failure) || say(failure_text(reply.failure, t)));
    feed.hide_author(id, false);
    say(t.post.unblocked(handle));
  }
  async function block() {
    const reply = await client.blocks.add(handle);
    if (!reply.ok) return void (expired(reply.failure) || say(failure_text(reply.failure, t)));
    feed.hide_author(id, true);
    say(t.post.blocked(handle), { label: t.post.take_back, run: () => void unblock() });
    on_blocked?.();
  }
  return (
    <>
      <Menu
        label={t.post.more(name)}
        items={[{ label: t.post.block(handle), icon: "shield", run: () => set_asking(true) }]}
      />
      {asking && (
        <Dialog
          title={t.post.block_title(name)} action={t.post.block_do} on_action={block}
          on_close={() => set_asking(false)}
        >
          <p>{t.post.block_body}</p>
        </Dialog>
      )}
    </>
  );
}
