// What others did that concerns oneself, gathered into few sentences. Seeing the page is what makes
// it read; what was new when one came stays marked until one leaves.
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { Notice as Said } from "../../../sdk/ts/src/index";
import { client } from "../../app/client";
import { session_store } from "../../app/session";
import { useTexts } from "../../lib/i18n";
import { language_store } from "../../lib/prefs";
import { useStore } from "../../lib/store";
import { Face } from "../../ui/Face";
import { Icon } from "../../ui/Icon";
import { Notice, Skeleton } from "../../ui/States";
import { Invite } from "../feed/Aside";
import { unread_store } from "../feed/live";
import { Pager } from "../feed/pager";
import { Age } from "../feed/PostCard";
import { Failed, Older } from "../feed/PostList";
import { NoticeSettingsForm } from "./NoticeSettings";
import { sentence } from "./sentence";

const page_count = 30;

export function NotificationsPage() {
  const t = useTexts();
  const session = useStore(session_store);
  const [settings, set_settings] = useState(false);
  return (
    <main id="main" class="narrow stack">
      <div class="sec">
        <h1 tabIndex={-1}>{t.notices.title}</h1>
        {session.state === "known" && (
          <button
            type="button" class="btn btn-icon" aria-label={t.notices.settings} title={t.notices.settings}
            aria-expanded={settings} onClick={() => set_settings(!settings)}
          >
            <Icon name="gear" />
          </button>
        )}
      </div>
      {settings && <NoticeSettingsForm />}
      {session.state === "unknown" && <Skeleton count={3} />}
      {session.state === "anonymous" && <Invite />}
      {session.state === "known" && <Notices key={session.me.id} />}
    </main>
  );
}

function Notices() {
  const t = useTexts();
  const pager = useMemo(() => new Pager<Said>(async (before) => {
    const reply = await client.notices.list(
      { limit: page_count, ...(before === undefined ? {} : { before }) });
    if (!reply.ok) return reply;
    return { ...reply, value: { items: reply.value.notifications, next: reply.value.next } };
  }), []);
  const state = useStore(pager.state);
  const fresh = useMarks(state.items);
  useReading(pager, state.items);
  if (state.status === "loading") return <Skeleton count={3} />;
  if (state.status === "failed") {
    return <Failed failure={state.failure} retry={() => void pager.retry()} />;
  }
  if (state.items.length === 0) return <Notice title={t.notices.none_title} text={t.notices.none} />;
  return (
    <>
      <ul class="card flush notices">
        {state.items.map((one) => <Row key={one.id} notice={one} fresh={fresh.has(one.id)} />)}
      </ul>
      <Older
        older={state.older} next={state.next} load={() => void pager.load_older()} label={t.notices.more}
      />
    </>
  );
}

// Which were unread when they first showed here.
function useMarks(items: readonly Said[]): ReadonlySet<string> {
  const marks = useRef(new Set<string>());
  for (const item of items) if (item.unread) marks.current.add(item.id);
  return marks.current;
}

// Reads the newest again when there is something new, and tells how far one has seen.
function useReading(pager: Pager<Said>, items: readonly Said[]) {
  const unread = useStore(unread_store);
  const told = useRef("");
  useEffect(() => void pager.read(), []);
  useEffect(() => {
    if (unread !== null && unread > 0 && told.current !== "") void pager.read();
  }, [unread]);
  useEffect(() => {
    const tell = () => {
      const newest = items[0];
      const mark = newest === undefined ? "" : `${newest.id} ${newest.updated_at}`;
      if (newest === undefined || document.hidden || mark === told.current) return;
      told.current = mark;
      if (!items.some((item) => item.unread)) return;
      void client.notices.mark_read(newest.id).then((reply) => {
        if (reply.ok) unread_store.set(0);
      });
    };
    tell();
    document.addEventListener("visibilitychange", tell);
    return () => document.removeEventListener("visibilitychange", tell);
  }, [items]);
}

function Row({ notice, fresh }: { notice: Said; fresh: boolean }) {
  const t = useTexts();
  const language = useStore(language_store);
  const session = useStore(session_store);
  const mine = session.state === "known" ? session.me.handle : "";
  const href = notice.post !== null ? `/posts/${notice.post.id}`
    : notice.people_count === 1 && notice.people[0] !== undefined
      ? `/people/${notice.people[0].handle}` : `/people/${mine}/followers`;
  return (
    <li class={`n ${fresh ? "new" : ""}`}>
      <span class="avs" aria-hidden="true">
        {notice.people.slice(0, 2).map((person) => <Face key={person.id} face={person.face} />)}
      </span>
      <p>
        {fresh && <span class="vh">{t.notices.new}: </span>}
        <a class="n-link" href={href}>
          {sentence(notice, language, t).map((part, at) =>
            (part.name ? <b key={at}>{part.text}</b> : <span key={at}>{part.text}</span>))}
        </a>
      </p>
      <span class="faint xs n-time"><Age time={notice.updated_at} /></span>
      {notice.post !== null && notice.post.text !== "" && (
        <p class="more quote" dir="auto">{notice.post.text}</p>
      )}
    </li>
  );
}
