// What the people and communities say that one follows, live.
import { useMemo } from "preact/hooks";
import { session_store } from "../../app/session";
import { useTexts } from "../../lib/i18n";
import { useStore } from "../../lib/store";
import { Skeleton } from "../../ui/States";
import { Invite } from "../feed/Aside";
import { Offline, useConnected } from "../feed/Connected";
import { watch_timeline } from "../feed/live";
import { LivePosts } from "../feed/PostList";

export function TimelinePage() {
  const t = useTexts();
  const session = useStore(session_store);
  return (
    <main id="main" class="narrow stack">
      <h1 tabIndex={-1}>{t.timeline.title}</h1>
      {session.state === "unknown" && <Skeleton count={3} />}
      {session.state === "anonymous" && <Invite />}
      {session.state === "known" && <Timeline key={session.me.id} />}
    </main>
  );
}

function Timeline() {
  const t = useTexts();
  const feed = useMemo(() => watch_timeline(), []);
  const connected = useConnected(feed);
  return (
    <div class="stack feed">
      {!connected && <Offline />}
      <LivePosts feed={feed} empty_title={t.timeline.empty_title} empty={t.timeline.empty} />
    </div>
  );
}
