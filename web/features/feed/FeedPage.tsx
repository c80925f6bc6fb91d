// The plaza: what people say, newest first and live.
import { useEffect, useRef, useState } from "preact/hooks";
import type { Author, Post } from "../../../sdk/ts/src/index";
import { session_store } from "../../app/session";
import { online_store } from "../../lib/connection";
import { failure_text } from "../../lib/failure";
import { useTexts } from "../../lib/i18n";
import { useStore } from "../../lib/store";
import { Face } from "../../ui/Face";
import { Icon } from "../../ui/Icon";
import { Notice, Skeleton } from "../../ui/States";
import { Band } from "./Band";
import { Composer } from "./Composer";
import { feed } from "./plaza";
import { PostCard } from "./PostCard";
import type { FeedState } from "./feed";

// A short loss is nobody's business: the stream is back before it is read.
const lost_said_ms = 3000;
const lately_count = 10;

export function FeedPage() {
  const t = useTexts();
  const state = useStore(feed.state);
  const session = useStore(session_store);
  const connected = useConnected(state);
  return (
    <>
      <Band lit={connected} />
      <main id="main">
        <div class="cols">
          <div class="stack feed">
            {!connected && (
              <div class="banner warn" role="status">
                <Icon name="warn" />
                <p><b>{t.feed.offline_title}.</b> {t.feed.offline}</p>
              </div>
            )}
            {session.state === "known" && <Composer me={session.me} key={session.me.id} />}
            {session.state === "anonymous" && <Invite />}
            <Posts state={state} />
          </div>
          <aside class="stack">
            <section class="card">
              <h2 class="h-card">{t.feed.about_title}</h2>
              <p class="small quiet">{t.feed.about}</p>
            </section>
            <Lately posts={state.posts} />
          </aside>
        </div>
      </main>
    </>
  );
}

function useConnected(state: FeedState): boolean {
  const online = useStore(online_store);
  const [lost, set_lost] = useState(false);
  useEffect(() => {
    if (state.live !== "lost") return set_lost(false);
    const timer = setTimeout(() => set_lost(true), lost_said_ms);
    return () => clearTimeout(timer);
  }, [state.live]);
  return online && !lost;
}

function Invite() {
  const t = useTexts();
  return (
    <section class="card invite" aria-labelledby="invite">
      <h2 id="invite" class="h-card">{t.feed.invite_title}</h2>
      <p class="quiet">{t.feed.invite}</p>
      <div class="row wrap">
        <a class="btn btn-main" href="/signup">{t.nav.sign_up}</a>
        <a class="btn" href="/login">{t.nav.log_in}</a>
      </div>
    </section>
  );
}

function Posts({ state }: { state: FeedState }) {
  const t = useTexts();
  const list = useRef<HTMLDivElement>(null);
  if (state.status === "loading" && state.posts.length === 0) return <Skeleton count={4} />;
  if (state.status === "failed" && state.posts.length === 0) {
    const text = state.failure === null ? t.failure.unreachable : failure_text(state.failure, t);
    return (
      <Notice title={t.feed.failed_title} text={text} alert>
        <button type="button" class="btn" onClick={() => feed.retry()}>{t.app.try_again}</button>
      </Notice>
    );
  }
  function show_fresh() {
    feed.show_fresh();
    window.scrollTo(0, 0);
    list.current?.focus({ preventScroll: true });
  }
  return (
    <>
      <p class="vh" role="status">{state.arrived > 0 ? t.feed.arrived(state.arrived) : ""}</p>
      {state.stale && <p class="hint stale">{t.feed.stale}</p>}
      {state.fresh.length > 0 && (
        <button type="button" class="chip fresh" onClick={show_fresh}>
          <span class="dot" aria-hidden="true" />
          {state.fresh_overflow ? t.feed.fresh_many(state.fresh.length)
            : t.feed.fresh(state.fresh.length)}
        </button>
      )}
      {state.posts.length === 0 ? <Notice title={t.feed.empty_title} text={t.feed.empty} /> : (
        <div class="stack" role="feed" aria-label={t.feed.posts} ref={list} tabIndex={-1}>
          {state.posts.map((post, index) => (
            <PostCard key={post.id} post={post} place={index + 1} />
          ))}
        </div>
      )}
      <Older state={state} />
    </>
  );
}

// Older posts come when the end comes near, and by the button for those who use the keyboard.
function Older({ state }: { state: FeedState }) {
  const t = useTexts();
  const end = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const element = end.current;
    if (element === null || state.next === null || state.older !== "idle") return;
    const observer = new IntersectionObserver(
      (entries) => {
        if (entries.some((entry) => entry.isIntersecting)) void feed.load_older();
      },
      { rootMargin: "600px" },
    );
    observer.observe(element);
    return () => observer.disconnect();
  }, [state.next, state.older]);
  if (state.posts.length === 0) return null;
  if (state.next === null) return <p class="end faint small">{t.feed.end}</p>;
  return (
    <div class="older" ref={end}>
      {state.older === "failed" && <p class="hint bad" role="alert">{t.feed.older_failed}</p>}
      <button
        type="button" class="btn" aria-busy={state.older === "loading"}
        onClick={() => void feed.load_older()}
      >
        {t.feed.older}
      </button>
    </div>
  );
}

function Lately({ posts }: { posts: Post[] }) {
  const t = useTexts();
  const authors = new Map<string, Author>();
  for (const { author } of posts) {
    if (authors.size < lately_count) authors.set(author.id, author);
  }
  if (authors.size === 0) return null;
  return (
    <section class="card hide-p" aria-labelledby="lately">
      <h2 id="lately" class="h-card">{t.feed.lately}</h2>
      <ul class="people">
        {[...authors.values()].map((author) => (
          <li key={author.id} title={author.name} dir="auto">
            <Face account={author.id} />
            <span class="vh">{author.name}</span>
          </li>
        ))}
      </ul>
    </section>
  );
}
