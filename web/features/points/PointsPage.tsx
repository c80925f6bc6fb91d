// One's points: what there is, what is held, and what became of them, the newest first.
import { useEffect, useMemo, useState } from "preact/hooks";
import type { Checkin, Failure, PointsBalance, Posting, Programme } from "../../../sdk/ts/src/index";
import { client } from "../../app/client";
import { expired, session_store } from "../../app/session";
import { failure_text } from "../../lib/failure";
import { useTexts } from "../../lib/i18n";
import { language_store } from "../../lib/prefs";
import { mapped } from "../../lib/reply";
import { useStore } from "../../lib/store";
import { Notice, Skeleton } from "../../ui/States";
import { CheckinWay, useProgrammes } from "../checkin/Way";
import { Invite } from "../feed/Aside";
import { Pager } from "../feed/pager";
import { Age } from "../feed/PostCard";
import { Failed, Older } from "../feed/PostList";
import { what_became, what_happened } from "./words";

const page_count = 50;
const checkin_count = 20;

export function PointsPage() {
  const t = useTexts();
  const session = useStore(session_store);
  return (
    <main id="main" class="narrow stack">
      <h1 tabIndex={-1}>{t.points.title}</h1>
      {session.state === "unknown" && <Skeleton count={3} />}
      {session.state === "anonymous" && <Invite />}
      {session.state === "known" && <Own key={session.me.id} />}
    </main>
  );
}

function Own() {
  const programmes = useProgrammes();
  return (
    <>
      <Balance />
      <CheckinWay programmes={programmes} />
      <Checkins programmes={programmes} />
      <Postings />
    </>
  );
}

function Balance() {
  const t = useTexts();
  const number = new Intl.NumberFormat(useStore(language_store));
  const [balance, set_balance] = useState<PointsBalance | null>(null);
  const [failure, set_failure] = useState<Failure | null>(null);
  function read() {
    set_failure(null);
    void client.points.me().then((reply) => {
      if (reply.ok) set_balance(reply.value);
      else if (!expired(reply.failure)) set_failure(reply.failure);
    });
  }
  useEffect(read, []);
  if (failure !== null) {
    return (
      <div class="banner bad" role="alert">
        <p class="grow">{failure_text(failure, t)}</p>
        <button type="button" class="btn" onClick={read}>{t.app.try_again}</button>
      </div>
    );
  }
  if (balance === null) return <div class="skel" role="status" aria-label={t.app.loading} />;
  return (
    <section class="card points" aria-label={t.points.balance}>
      <p><b class="num">{number.format(balance.balance)}</b> {t.points.unit(balance.balance)}</p>
      {balance.held > 0 && <p class="quiet small">{t.points.held(balance.held)}</p>}
    </section>
  );
}

/** The newest check-ins: their points are pending until they are in the ledger. */
function Checkins({ programmes }: { programmes: readonly Programme[] }) {
  const t = useTexts();
  const number = new Intl.NumberFormat(useStore(language_store));
  const [checkins, set_checkins] = useState<Checkin[]>([]);
  // What can't be read is left out: the postings below say whether anything is wrong.
  useEffect(() => void client.checkin.own({ limit: checkin_count }).then((reply) => {
    if (reply.ok) set_checkins(reply.value.checkins);
  }), []);
  if (checkins.length === 0) return null;
  const title_of = ({ programme }: Checkin) => programmes.find(({ id }) => id === programme)?.title ?? programme;
  return (
    <section class="stack" aria-labelledby="checkins">
      <h2 id="checkins" class="h-card">{t.points.checkins}</h2>
      <ul class="card flush postings">
        {checkins.map((one) => (
          <li key={one.id}>
            <p>{t.points.checked_in(title_of(one), one.window)}</p>
            <b class={`num ${one.status === "granted" ? "gain" : ""}`}>{number.format(one.points)}</b>
            <p class="faint xs"><Age time={new Date(one.time_ms).toISOString()} /></p>
            <span class="faint xs">{what_became(one, t)}</span>
          </li>
        ))}
      </ul>
    </section>
  );
}

type Row = Posting & { id: string };

function Postings() {
  const t = useTexts();
  const pager = useMemo(() => new Pager<Row>(async (before) => {
    const reply = await client.points.postings(
      { limit: page_count, ...(before === undefined ? {} : { before }) });
    return mapped(reply, ({ postings, next }) =>
      ({ items: postings.map((posting) => ({ ...posting, id: String(posting.seq) })), next }));
  }), []);
  const state = useStore(pager.state);
  useEffect(() => void pager.read(), []);
  if (state.status === "loading") return <Skeleton count={3} />;
  if (state.status === "failed") {
    return <Failed failure={state.failure} retry={() => void pager.retry()} />;
  }
  if (state.items.length === 0) return <Notice title={t.points.none_title} text={t.points.none} />;
  return (
    <section class="stack" aria-labelledby="postings">
      <h2 id="postings" class="h-card">{t.points.history}</h2>
      <ul class="card flush postings">
        {state.items.map((posting) => <PostingRow key={posting.id} posting={posting} />)}
      </ul>
      <Older
        older={state.older} next={state.next} load={() => void pager.load_older()} label={t.points.more}
      />
    </section>
  );
}

function PostingRow({ posting }: { posting: Posting }) {
  const t = useTexts();
  const language = useStore(language_store);
  const number = new Intl.NumberFormat(language);
  const change = new Intl.NumberFormat(language, { signDisplay: "exceptZero" });
  return (
    <li>
      <p>{what_happened(posting, t)}</p>
      <b class={`num ${posting.amount > 0 ? "gain" : ""}`}>{change.format(posting.amount)}</b>
      <p class="faint xs"><Age time={new Date(posting.time_ms).toISOString()} /></p>
      <span class="faint xs num">{t.points.after(number.format(posting.balance_after))}</span>
    </li>
  );
}
