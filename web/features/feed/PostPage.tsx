// One post by its address.
import { useEffect, useState } from "preact/hooks";
import type { Failure, Post } from "../../../sdk/ts/src/index";
import { client } from "../../app/client";
import { go } from "../../app/router";
import { failure_text } from "../../lib/failure";
import { useTexts } from "../../lib/i18n";
import { Icon } from "../../ui/Icon";
import { Notice, Skeleton } from "../../ui/States";
import { feed } from "./plaza";
import { PostCard } from "./PostCard";

export function PostPage({ id }: { id: string }) {
  const t = useTexts();
  // Out of the feed one has just read, where it is there.
  const [post, set_post] = useState<Post | null>(
    () => feed.state.get().posts.find((one) => one.id === id) ?? null);
  const [failure, set_failure] = useState<Failure | null>(null);
  const [tries, set_tries] = useState(0);
  useEffect(() => {
    if (post !== null) return;
    let here = true;
    void client.posts.get(id).then((reply) => {
      if (!here) return;
      if (reply.ok) set_post(reply.value);
      else set_failure(reply.failure);
    });
    return () => void (here = false);
  }, [id, tries]);
  useEffect(() => {
    if (post !== null) document.title = `${t.post.one(post.author.name)} · ${t.app.name}`;
  }, [post, t]);

  if (failure?.code === "not_found") {
    return (
      <main id="main" class="narrow">
        <Notice title={t.post.gone_title} text={t.post.gone} level={1}>
          <a class="btn btn-main" href="/">{t.post.back}</a>
        </Notice>
      </main>
    );
  }
  function retry() {
    set_failure(null);
    set_tries(tries + 1);
  }
  return (
    <main id="main" class="narrow stack">
      <h1 class="vh" tabIndex={-1}>{post === null ? t.post.page : t.post.one(post.author.name)}</h1>
      <a class="btn btn-bare back" href="/"><Icon name="left" />{t.post.back}</a>
      {post !== null && <PostCard post={post} on_blocked={() => go("/")} />}
      {post === null && failure === null && <Skeleton count={1} />}
      {failure !== null && (
        <Notice title={t.feed.failed_title} text={failure_text(failure, t)} alert>
          <button type="button" class="btn" onClick={retry}>{t.app.try_again}</button>
        </Notice>
      )}
    </main>
  );
}
