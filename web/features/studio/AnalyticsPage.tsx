// What games did, for staff: a title, some days, and a card for each measure.
import { useEffect, useState } from "preact/hooks";
import type { AnalyticsRunList, AnalyticsTitleList, Failure, Me } from "../../../sdk/ts/src/index";
import { client } from "../../app/client";
import { expired } from "../../app/session";
import { useReply } from "../../app/staff";
import { failure_text } from "../../lib/failure";
import { useTexts } from "../../lib/i18n";
import { name_in } from "../../lib/names";
import { language_store } from "../../lib/prefs";
import { useStore } from "../../lib/store";
import { Icon } from "../../ui/Icon";
import { Notice, Skeleton } from "../../ui/States";
import { day_count, day_count_max, day_later, wrong_days } from "./report";
import { Actives, Commands, Economy, Raids, Retention, Summary } from "./Sections";
import { StaffOnly } from "./StaffOnly";
import { moment_of } from "./times";
import { useStudioWords } from "./words";

const poll_ms = 1000;
const quick_counts = [7, 28, day_count_max] as const;

export function AnalyticsPage() {
  const t = useTexts();
  const s = useStudioWords();
  return (
    <StaffOnly title={t.nav.analytics} denied={s.denied}>{(me) => <Studio me={me} key={me.id} />}</StaffOnly>
  );
}

/** Runs, looked at again and again while one is on its way. */
function useRuns() {
  const { value, failure, again } = useReply(() => client.analytics.runs(), []);
  const [refused, set_refused] = useState<Failure | null>(null);
  const [is_asked, set_asked] = useState(false);
  const busy = is_asked || value?.busy === true || value?.runs[0]?.state === "running";
  useEffect(() => {
    set_asked(false);
    if (!busy) return;
    const timer = setTimeout(again, poll_ms);
    return () => clearTimeout(timer);
  }, [value, failure]);
  const ask = async () => {
    if (busy) return;
    set_asked(true);
    const reply = await client.analytics.run();
    set_refused(reply.ok ? null : reply.failure);
    if (!reply.ok) {
      set_asked(false);
      expired(reply.failure);
    }
    again();
  };
  return { runs: value, failure: failure ?? refused, busy, ask, again };
}

function Studio({ me }: { me: Me }) {
  const t = useTexts();
  const s = useStudioWords();
  const { runs, failure, busy, ask, again } = useRuns();
  const as_of = runs?.as_of_ms ?? null;
  const titles = useReply(as_of === null ? null : () => client.analytics.titles(), [as_of]);
  const may_ask = me.role === "admin";
  const button = may_ask && (
    <button type="button" class="btn btn-main" aria-busy={busy} onClick={() => void ask()}>{s.count_now}</button>
  );
  const failed = failure ?? titles.failure;
  return (
    <main id="main" class="stack studio">
      <div class="row between wrap">
        <div>
          <h1 tabIndex={-1}>{t.nav.analytics}</h1>
          <p class="quiet">{s.lead}</p>
        </div>
        {as_of !== null && button}
      </div>
      {runs !== null && <RunState runs={runs} busy={busy} />}
      {failed !== null && (
        <Failed failure={failed} retry={() => {
          again();
          titles.again();
        }} />
      )}
      {failed === null && (runs === null || (as_of !== null && titles.value === null)) && <Skeleton count={2} />}
      {runs !== null && as_of === null && !busy && (
        <Notice title={s.none_title} text={may_ask ? s.none_admin : s.none_support}>{button}</Notice>
      )}
      {as_of !== null && titles.value !== null && (titles.value.titles.length === 0
        ? <Notice title={s.no_titles_title} text={s.no_titles} />
        : <Reports titles={titles.value.titles} as_of={as_of} />)}
    </main>
  );
}

function Failed({ failure, retry }: { failure: Failure; retry: () => void }) {
  const t = useTexts();
  const s = useStudioWords();
  return (
    <div class="banner bad" role="alert">
      <Icon name="warn" />
      <p><b>{s.failed}.</b> {failure_text(failure, t)}</p>
      <button type="button" class="btn" onClick={retry}>{t.app.try_again}</button>
    </div>
  );
}

function RunState({ runs, busy }: { runs: AnalyticsRunList; busy: boolean }) {
  const s = useStudioWords();
  const language = useStore(language_store);
  const run = runs.runs[0];
  return (
    <>
      {busy && (
        <div class="card run" role="status">
          <label for="run-progress">{s.running}</label>
          <progress
            id="run-progress" {...(run?.state === "running" && run.total > 0 ? { value: run.done, max: run.total } : {})}
          />
          {run?.state === "running" && <span class="num small quiet">{s.run_progress(run.done, run.total)}</span>}
        </div>
      )}
      {!busy && run?.state === "failed" && (
        <div class="banner bad" role="alert"><Icon name="warn" /><p>{s.run_failed(run.error ?? "")}</p></div>
      )}
      {!busy && runs.as_of_ms !== null && (
        <p class="small faint">
          {s.as_of(moment_of(runs.as_of_ms, language))}{" "}
          {runs.next_ms === null ? s.by_hand(runs.zone) : s.next_run(moment_of(runs.next_ms, language), runs.zone)}
        </p>
      )}
    </>
  );
}

interface Wanted {
  title: string | null;
  from: string | undefined;
  to: string | undefined;
}

function wanted_of(search: string): Wanted {
  const given = new URLSearchParams(search);
  return { title: given.get("title"), from: given.get("from") ?? undefined, to: given.get("to") ?? undefined };
}

type Titles = AnalyticsTitleList["titles"];

// What is chosen stands in the address, so that it can be sent to somebody.
function Reports({ titles, as_of }: { titles: Titles; as_of: number }) {
  const s = useStudioWords();
  const language = useStore(language_store);
  const [wanted, want] = useState(() => wanted_of(location.search));
  const title = titles.find((one) => one.title.id === wanted.title) ?? titles[0];
  const id = title?.title.id ?? "";
  const { from, to } = wanted;
  const report = useReply(() => client.analytics.report(id, { from, to }), [id, from, to, as_of]);
  const choose = (change: Partial<Wanted>) => {
    const next = { ...wanted, title: id, ...change };
    want(next);
    const address = new URLSearchParams();
    for (const [name, value] of Object.entries(next)) if (value) address.set(name, value);
    history.replaceState(history.state, "", `${location.pathname}?${address}`);
  };
  const shown = report.value;
  return (
    <>
      <div class="card choose">
        <div class="field grow">
          <label for="title">{s.title}</label>
          <select class="input" id="title" value={id} onChange={(event) => choose({ title: event.currentTarget.value })}>
            {titles.map((one) => (
              <option key={one.title.id} value={one.title.id}>{name_in(one.title.names, language).text}</option>
            ))}
          </select>
        </div>
        {shown !== null && (
          <Days from={shown.from} to={shown.to} choose={(from, to) => choose({ from, to })} />
        )}
      </div>
      {report.failure !== null && <Failed failure={report.failure} retry={report.again} />}
      {shown === null ? report.failure === null && <Skeleton count={2} /> : (
        <>
          <Summary report={shown} />
          <div class="two">
            <div class="stack">
              <Actives report={shown} />
              <Retention report={shown} />
              <Raids report={shown} />
            </div>
            <div class="stack">
              <Commands report={shown} />
              <Economy report={shown} key={shown.title} />
            </div>
          </div>
        </>
      )}
    </>
  );
}

function Days({ from, to, choose }: { from: string; to: string; choose: (from: string, to: string) => void }) {
  const s = useStudioWords();
  const [days, set_days] = useState({ from, to });
  useEffect(() => set_days({ from, to }), [from, to]);
  const wrong = wrong_days(days.from, days.to);
  const change = (next: { from: string; to: string }) => {
    set_days(next);
    if (wrong_days(next.from, next.to) === null) choose(next.from, next.to);
  };
  const input = (id: "from" | "to", label: string) => (
    <div class="field">
      <label for={`days-${id}`}>{label}</label>
      <input
        class="input" type="date" id={`days-${id}`} value={days[id]} min="1970-01-01" max="2099-12-31" required
        aria-invalid={wrong !== null} aria-describedby={wrong === null ? undefined : "days-wrong"}
        onChange={(event) => change({ ...days, [id]: event.currentTarget.value })}
      />
    </div>
  );
  return (
    <>
      {input("from", s.from)}
      {input("to", s.to)}
      <div class="seg" role="group" aria-label={s.quick}>
        {quick_counts.map((count) => (
          <button
            key={count} type="button" aria-pressed={day_count(from, to) === count}
            onClick={() => choose(day_later(to, 1 - count), to)}
          >
            {s.days(count)}
          </button>
        ))}
      </div>
      {wrong !== null && (
        <p class="hint bad" id="days-wrong" role="alert">
          <Icon name="warn" />
          {wrong === "missing" ? s.days_missing : wrong === "order" ? s.days_order : s.days_long(day_count_max)}
        </p>
      )}
    </>
  );
}
