// The plaza: what people say, newest first and live.
import { useEffect, useMemo, useState } from "preact/hooks";
import type { Author, Post } from "../../../sdk/ts/src/index";
import { session_store } from "../../app/session";
import { online_store } from "../../lib/connection";
import { useTexts } from "../../lib/i18n";
import { useStore } from "../../lib/store";
import { Face } from "../../ui/Face";
import { Icon } from "../../ui/Icon";
import { Band } from "./Band";
import { Composer } from "./Composer";
import type { Feed } from "./feed";
import { plaza_community, watch } from "./live";
import { LivePosts } from "./PostList";

// A short loss is nobody's business: the stream is back before it is read.
const lost_said_ms = 3000;
const lately_count = 10;

export function FeedPage() {
  const t = useTexts();
  const feed = useMemo(() => watch(plaza_community), []);
  const state = useStore(feed.state);
  const session = useStore(session_store);
  const connected = useConnected(feed);
  return (
    <>
      <Band lit={connected} title={t.feed.title} crest="祭"><p class="meta">{t.feed.lead}</p></Band>
      <main id="main">
        <div class="cols">
          <div class="stack feed">
            {!connected && <Offline />}
            {session.state === "known" && (
              <Composer
                key={session.me.id} me={session.me} to={{ community: plaza_community }}
                label={t.composer.label} form={t.composer.form}
              />
            )}
            {session.state === "anonymous" && <Invite />}
            <LivePosts feed={feed} end={t.feed.end} />
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

/** Whether new posts come in, or have not for no longer than anybody notices. */
export function useConnected(feed: Feed): boolean {
  const { live } = useStore(feed.state);
  const online = useStore(online_store);
  const [lost, set_lost] = useState(false);
  useEffect(() => {
    if (live !== "lost") return set_lost(false);
    const timer = setTimeout(() => set_lost(true), lost_said_ms);
    return () => clearTimeout(timer);
  }, [live]);
  return online && !lost;
}

export function Offline() {
  const t = useTexts();
  return (
    <div class="banner warn" role="status">
      <Icon name="warn" />
      <p><b>{t.feed.offline_title}.</b> {t.feed.offline}</p>
    </div>
  );
}

export function Invite() {
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

export function Lately({ posts }: { posts: readonly Post[] }) {
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
            <a href={`/people/${author.handle}`}>
              <Face face={author.face} />
              <span class="vh">{author.name}</span>
            </a>
          </li>
        ))}
      </ul>
    </section>
  );
}
