// Whether new posts come in, and the word for those to whom none do.
import { useEffect, useState } from "preact/hooks";
import { online_store } from "../../lib/connection";
import { useTexts } from "../../lib/i18n";
import { useStore, type Store } from "../../lib/store";
import { Icon } from "../../ui/Icon";
import type { Live } from "./source";

// A short loss is nobody's business: the stream is back before it is read.
const lost_said_ms = 3000;

/** Whether new posts come in, or have not for no longer than anybody notices. */
export function useConnected(source: { state: Store<{ live: Live }> }): boolean {
  const { live } = useStore(source.state);
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
      <p><b>{t.feed.offline_title}</b> {t.feed.offline}</p>
    </div>
  );
}
