// Lists of posts as a page shows them: the live one of a community, and those that are read page
// by page.
import { useEffect, useMemo, useRef } from "preact/hooks";
import type { Failure, Post, Reply } from "../../../sdk/ts/src/index";
import { failure_text } from "../../lib/failure";
import { useTexts } from "../../lib/i18n";
import { useStore } from "../../lib/store";
import { Notice, Skeleton } from "../../ui/States";
import type { Feed } from "./feed";
import { keep_current, Pager, type ItemPage } from "./pager";
import { PostCard } from "./PostCard";

interface OlderProps {
  older: "idle" | "loading" | "failed";
  next: string | null;
  load: () => void;
  /** What the button says, and what stands where there is nothing more. */
  label: string;
  end?: string;
}

// More comes when the end comes near, and by the button for those who use the keyboard.
export function Older({ older, next, load, label, end }: OlderProps) {
  const t = useTexts();
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const element = place.current;
    if (element === null || next === null || older !== "idle") return;
    const observer = new IntersectionObserver(
      (entries) => {
        if (entries.some((entry) => entry.isIntersecting)) load();
      },
      { rootMargin: "600px" },
    );
    observer.observe(element);
    return () => observer.disconnect();
  }, [next, older]);
  if (next === null) return end === undefined ? null : <p class="end faint small">{end}</p>;
  return (
    <div class="older" ref={place}>
      {older === "failed" && <p class="hint bad" role="alert">{t.feed.older_failed}</p>}
      <button type="button" class="btn" aria-busy={older === "loading"} onClick={load}>{label}</button>
    </div>
  );
}

export function Failed({ failure, retry }: { failure: Failure | null; retry: () => void }) {
  const t = useTexts();
  const text = failure === null ? t.failure.unreachable : failure_text(failure, t);
  return (
    <Notice title={t.feed.failed_title} text={text} alert>
      <button type="button" class="btn" onClick={retry}>{t.app.try_again}</button>
    </Notice>
  );
}

interface LiveProps {
  feed: Feed;
  /** What stands where there is nothing older. */
  end?: string;
  empty_title?: string;
  empty?: string;
}

/** The posts of a feed, newest first and live. */
export function LivePosts({ feed, end, empty_title, empty }: LiveProps) {
  const t = useTexts();
  const state = useStore(feed.state);
  const list = useRef<HTMLDivElement>(null);
  if (state.status === "loading" && state.posts.length === 0) return <Skeleton count={4} />;
  if (state.status === "failed" && state.posts.length === 0) {
    return <Failed failure={state.failure} retry={() => feed.retry()} />;
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
      {state.posts.length === 0 ? (
        <Notice title={empty_title ?? t.feed.empty_title} text={empty ?? t.feed.empty} />
      ) : (
        <>
          <div class="stack" role="feed" aria-label={t.feed.posts} ref={list} tabIndex={-1}>
            {state.posts.map((post, index) => (
              <PostCard key={post.id} post={post} place={index + 1} />
            ))}
          </div>
          <Older
            older={state.older} next={state.next} load={() => void feed.load_older()}
            label={t.feed.older} {...(end === undefined ? {} : { end })}
          />
        </>
      )}
    </>
  );
}

interface PagedProps {
  fetch_page: (cursor?: string) => Promise<Reply<ItemPage<Post>>>;
  label: string;
  empty_title: string;
  empty?: string;
  /** What is shown in place of a failure, where that is nothing to try again. */
  instead?: (failure: Failure) => preact.VNode | null;
}

/** Posts that are read page by page. Mount it anew (`key`) where it is to show others. */
export function PagedPosts({ fetch_page, label, empty_title, empty, instead }: PagedProps) {
  const t = useTexts();
  const pager = useMemo(() => new Pager<Post>(fetch_page), []);
  const state = useStore(pager.state);
  useEffect(() => {
    void pager.read();
    return keep_current(pager);
  }, []);
  if (state.status === "loading") return <Skeleton count={3} />;
  if (state.status === "failed") {
    const other = state.failure === null ? null : instead?.(state.failure) ?? null;
    return other ?? <Failed failure={state.failure} retry={() => void pager.retry()} />;
  }
  if (state.items.length === 0) {
    return <Notice title={empty_title} {...(empty === undefined ? {} : { text: empty })} />;
  }
  return (
    <>
      <div class="stack" role="feed" aria-label={label} tabIndex={-1}>
        {state.items.map((post, index) => <PostCard key={post.id} post={post} place={index + 1} />)}
      </div>
      <Older
        older={state.older} next={state.next} load={() => void pager.load_older()}
        label={t.feed.older}
      />
    </>
  );
}

/** The same reply, as a page of a list. */
export function posts_page(reply: Reply<{ posts: Post[]; next: string | null }>): Reply<ItemPage<Post>> {
  if (!reply.ok) return reply;
  const { posts, next } = reply.value;
  return { ...reply, value: { items: posts, next } };
}
