// One post by its address, with what others say below it.
import { useEffect, useMemo, useState } from "preact/hooks";
import type { Author, Failure, Post } from "../../../sdk/ts/src/index";
import { client } from "../../app/client";
import { go, then_to } from "../../app/router";
import { session_store } from "../../app/session";
import { failure_text } from "../../lib/failure";
import { useTexts } from "../../lib/i18n";
import { useStore } from "../../lib/store";
import { Face } from "../../ui/Face";
import { Icon } from "../../ui/Icon";
import { Notice, Skeleton } from "../../ui/States";
import { Composer } from "./Composer";
import { follow_changes, follow_comments } from "./lists";
import { known_post, watch_community } from "./live";
import { keep_current, Pager } from "./pager";
import { PostCard } from "./PostCard";
import { Failed, Older, posts_page } from "./PostList";

const comments_count = 50;
const empathies_count = 20;

function back_address(post: Post | null): string {
  if (post === null) return "/";
  if (post.parent !== null) return `/posts/${post.parent}`;
  return `/communities/${post.community}`;
}

// The post as it is now: out of a feed one has just read where it is there, and always asked for,
// because who shares an address wants what is behind it today.
function usePost(id: string) {
  const [post, set_post] = useState<Post | null>(() => known_post(id));
  const [failure, set_failure] = useState<Failure | null>(null);
  const [tries, set_tries] = useState(0);
  useEffect(() => {
    let here = true;
    void client.posts.get(id).then((reply) => {
      if (!here) return;
      if (reply.ok) set_post(reply.value);
      else if (post === null || reply.failure.code === "not_found") {
        set_post(null);
        set_failure(reply.failure);
      }
    });
    return () => void (here = false);
  }, [id, tries]);
  useEffect(() => follow_changes((change) => set_post((one) => {
    if (one === null) return null;
    const now = change(one);
    if (now === null) set_failure({ code: "not_found", status: 404, detail: "" });
    return now;
  })), []);
  function retry() {
    set_failure(null);
    set_tries(tries + 1);
  }
  return { post, failure, retry };
}

export function PostPage({ id }: { id: string }) {
  const t = useTexts();
  const { post, failure, retry } = usePost(id);
  useEffect(() => {
    if (post !== null) document.title = `${t.post.one(post.author.name)} · ${t.app.name}`;
  }, [post, t]);
  // New comments come by the stream of the post's community.
  useEffect(() => {
    if (post !== null) watch_community(post.community);
  }, [post?.community]);

  if (failure?.code === "not_found") {
    return (
      <main id="main" class="narrow">
        <Notice title={t.post.gone_title} text={t.post.gone} level={1}>
          <a class="btn btn-main" href="/">{t.post.back}</a>
        </Notice>
      </main>
    );
  }
  const back = back_address(post);
  return (
    <main id="main" class="narrow stack">
      <h1 class="vh" tabIndex={-1}>{post === null ? t.post.page : t.post.one(post.author.name)}</h1>
      <a class="btn btn-bare back" href={back}>
        <Icon name="left" />
        {post !== null && post.parent !== null ? t.post.to_parent
          : back === "/" ? t.post.back : t.post.to_community}
      </a>
      {post !== null && <PostCard post={post} here on_gone={() => go(back)} />}
      {post === null && failure === null && <Skeleton count={1} />}
      {failure !== null && (
        <Notice title={t.feed.failed_title} text={failure_text(failure, t)} alert>
          <button type="button" class="btn" onClick={retry}>{t.app.try_again}</button>
        </Notice>
      )}
      {post !== null && post.empathy_count > 0 && <Empathies post={post} key={post.empathy_count} />}
      {post !== null && post.parent === null && <Comments post={post} />}
    </main>
  );
}

// Who felt the same lately.
function Empathies({ post }: { post: Post }) {
  const t = useTexts();
  const [people, set_people] = useState<Author[]>([]);
  useEffect(() => {
    let here = true;
    void client.posts.empathies(post.id, { limit: empathies_count }).then((reply) => {
      if (here && reply.ok) set_people(reply.value.people);
    });
    return () => void (here = false);
  }, [post.id]);
  if (people.length === 0) return null;
  return (
    <ul class="empathies" aria-label={t.post.empathy_of}>
      {people.map((person) => (
        <li key={person.id} title={person.name}>
          <a href={`/people/${person.handle}`}>
            <Face face={person.face} /><span class="vh">{person.name}</span>
          </a>
        </li>
      ))}
    </ul>
  );
}

function Comments({ post }: { post: Post }) {
  const t = useTexts();
  const session = useStore(session_store);
  const pager = useMemo(() => new Pager<Post>(async (after) => posts_page(
    await client.posts.comments(post.id,
      { limit: comments_count, ...(after === undefined ? {} : { after }) }))), []);
  const state = useStore(pager.state);
  const [said, set_said] = useState("");
  useEffect(() => {
    void pager.read();
    const end = keep_current(pager);
    const end_comments = follow_comments((comment) => {
      if (comment.parent !== post.id) return;
      pager.append(comment);
      set_said(t.post.comment_by(comment.author.name));
    });
    return () => {
      end();
      end_comments();
    };
  }, []);
  return (
    <section class="stack" aria-labelledby="comments">
      <h2 id="comments" class="h-card" tabIndex={-1}>{t.post.comments}</h2>
      <p class="vh" role="status">{said}</p>
      {state.status === "loading" && <Skeleton count={2} />}
      {state.status === "failed" && (
        <Failed failure={state.failure} retry={() => void pager.retry()} />
      )}
      {state.status === "ready" && state.items.length === 0 && (
        <p class="faint small">{t.post.no_comments}</p>
      )}
      {state.items.map((comment) => <PostCard key={comment.id} post={comment} />)}
      <Older
        older={state.older} next={state.next} load={() => void pager.load_older()}
        label={t.post.more_comments}
      />
      {session.state === "known" && (
        <Composer
          key={session.me.id} me={session.me} to={{ parent: post.id }} label={t.post.comment_label}
          form={t.post.comment_form}
        />
      )}
      {session.state === "anonymous" && (
        <p class="small"><a href={then_to("/login", location.pathname)}>{t.post.comment_log_in}</a></p>
      )}
    </section>
  );
}
