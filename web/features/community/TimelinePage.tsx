// What the people and communities say that one follows.
import { client } from "../../app/client";
import { session_store } from "../../app/session";
import { useTexts } from "../../lib/i18n";
import { useStore } from "../../lib/store";
import { Skeleton } from "../../ui/States";
import { Invite } from "../feed/Aside";
import { PagedPosts, posts_page } from "../feed/PostList";

const page_count = 30;

export function TimelinePage() {
  const t = useTexts();
  const session = useStore(session_store);
  return (
    <main id="main" class="narrow stack">
      <h1 tabIndex={-1}>{t.timeline.title}</h1>
      {session.state === "unknown" && <Skeleton count={3} />}
      {session.state === "anonymous" && <Invite />}
      {session.state === "known" && (
        <PagedPosts
          key={session.me.id} label={t.timeline.title} empty_title={t.timeline.empty_title}
          empty={t.timeline.empty}
          fetch_page={async (before) => posts_page(await client.posts.timeline(
            { limit: page_count, ...(before === undefined ? {} : { before }) }))}
        />
      )}
    </main>
  );
}
