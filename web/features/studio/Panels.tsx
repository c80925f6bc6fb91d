// What an evening is in figures: the large ones, answers by reason, windows, and budgets.
import { useMemo, useState } from "preact/hooks";
import type { Attendance, Programme } from "../../../sdk/ts/src/index";
import { useMe } from "../../app/session";
import { Icon } from "../../ui/Icon";
import { is_admin } from "../community/rules";
import { CampaignDialog } from "./CampaignDialog";
import { KeyFigures } from "./KeyFigures";
import { Table } from "./Table";
import {
  alarm_of, budgets_of, checkins_of, clock_of, peak_of, phase_of, rate_now, rates_of, starts_ms, sum, type Budget,
} from "./evening";
import { useFigures } from "./figures";
import { useBroadcastWords } from "./broadcast_words";

export function Figures({ told }: { told: Attendance }) {
  const w = useBroadcastWords();
  const { number, rate, percent } = useFigures();
  const rates = useMemo(() => rates_of(told), [told]);
  const peak = peak_of(rates, told.step_s);
  const attempts = sum(Object.values(told.results));
  const checkins = checkins_of(told);
  const points = budgets_of(told).map((one) => one.points);
  const due = sum(points.map((one) => one.pending));
  const { records, trouble } = told.backlog;
  const waiting = trouble !== null ? w.backlog_stuck : records === 0 ? w.backlog_none : w.backlog_all;
  const cards: [string, string, string][] = [
    [w.rate, rate(rate_now(rates, told.step_s)), peak === null ? w.no_peak : w.peak(rate(peak.rate), clock_of(peak.at_s))],
    [w.checked_in, number(checkins.granted + checkins.pending + checkins.budget_exhausted),
      attempts === 0 ? w.no_attempts : w.ok_share(percent(told.results.ok / attempts))],
    [w.backlog, number(records), waiting],
    [w.granted, number(sum(points.map((one) => one.granted))), due === 0 ? w.none_due : w.due(number(due))],
  ];
  return (
    <section aria-label={w.figures}>
      <KeyFigures cards={cards} />
      {trouble !== null && (
        <div class="banner bad" role="status"><Icon name="warn" /><p><b>{w.backlog_stuck}.</b> {trouble}</p></div>
      )}
    </section>
  );
}

export function Reasons({ told }: { told: Attendance }) {
  const w = useBroadcastWords();
  const { number, percent } = useFigures();
  const { results } = told;
  const all = sum(Object.values(results));
  const rows: [string, string, string, number][] = [
    [w.accepted, w.ok, "c3", results.ok],
    [w.retry, w.no_match, "c4", results.no_match],
    [w.retry, w.flat, "c4", results.flat],
    [w.retry, w.not_eligible, "c4", results.not_eligible],
    [w.retry, w.too_late, "c4", results.too_late],
    [w.retry, w.malformed, "c4", results.malformed],
    [w.refused, w.no_window, "c5", results.no_window],
  ];
  return (
    <section class="card" aria-labelledby="reasons">
      <h2 id="reasons" class="h-card">{w.reasons}</h2>
      <Table
        label={w.reasons} heads={[w.reason, w.attempts, w.share]}
        rows={rows.map(([answer, reason, colour, count]) => [
          <span class="reason"><span class={`key box of-${colour}`} aria-hidden="true" />{answer} · {reason}</span>,
          number(count), all === 0 ? "–" : percent(count / all),
        ])}
      />
    </section>
  );
}

export function Schedule({ programme, told, now_ms }: { programme: Programme; told: Attendance; now_ms: number }) {
  const w = useBroadcastWords();
  const { number, time } = useFigures();
  const { delay_ms } = programme;
  const said = { coming: w.slot_coming, on: w.slot_on, over: w.slot_over };
  const delay = (ms: number) => w.seconds(number(ms / 1000));
  return (
    <section class="card" aria-labelledby="schedule">
      <h2 id="schedule" class="h-card">{w.schedule}</h2>
      <ul class="windows">
        {programme.windows.map((one, at) => {
          const [from_ms, to_ms] = [Date.parse(one.starts_at), Date.parse(one.ends_at)];
          const phase = phase_of(from_ms, to_ms, now_ms);
          const checkins = checkins_of(told, one.window);
          return (
            <li key={one.window} class={`is-${phase}`}>
              <span class="num">{time(from_ms)}–{time(to_ms)}<br />
                <small class="faint">{clock_of((from_ms - starts_ms(programme)) / 1000)}–{clock_of((to_ms - starts_ms(programme)) / 1000)}</small>
              </span>
              <span><b>{w.slot(at + 1)}</b> <span class={`badge ${phase === "on" ? "ok" : ""}`}>{said[phase]}</span><br />
                <small class="quiet">{w.pays(number(one.points), one.campaign)}</small>
              </span>
              <span class="num end">{w.slot_count(checkins.granted + checkins.pending + checkins.budget_exhausted)}</span>
            </li>
          );
        })}
      </ul>
      <h3 class="part">{w.paths}</h3>
      <p class="quiet num">
        {w.terrestrial} {delay(delay_ms.terrestrial)} · {w.cable} {delay(delay_ms.cable)} · {w.stream} {delay(delay_ms.stream)}
      </p>
    </section>
  );
}

export function Budgets({ told, again }: { told: Attendance; again: () => void }) {
  const w = useBroadcastWords();
  const me = useMe();
  const [made, set_made] = useState<string | null>(null);
  const { number } = useFigures();
  const budgets = budgets_of(told);
  const said = { missing: w.missing, empty: w.empty, short: w.short };
  return (
    <section class="card" aria-labelledby="budgets">
      <h2 id="budgets" class="h-card">{w.budget}</h2>
      {budgets.length === 0 && <p class="quiet">{w.budget_none}</p>}
      {budgets.map((one) => {
        const alarm = alarm_of(one);
        return (
          <div key={one.name} class="budget">
            <Share budget={one} />
            {alarm !== null && (
              <div class={`banner ${alarm === "missing" ? "bad" : "warn"}`} role="status">
                <Icon name="warn" /><p>{said[alarm](one.name)}</p>
                {alarm === "missing" && is_admin(me) && (
                  <button type="button" class="btn" onClick={() => set_made(one.name)}>{w.make_open(one.name)}</button>
                )}
              </div>
            )}
          </div>
        );
      })}
      {budgets.length > 0 && (
        <Table
          label={w.budget} heads={[w.campaign, w.budget_left, w.budget_granted, w.budget_due, w.budget_out, w.budget_void]}
          rows={budgets.map(({ name, state, left, points }) => [
            name, left === null ? (state === "unknown" ? w.budget_unknown : "–") : number(left), number(points.granted),
            number(points.pending), number(points.budget_exhausted), number(points.void),
          ])}
        />
      )}
      {made !== null && (
        <CampaignDialog name={made} now_ms={Date.parse(told.as_of)} close={() => set_made(null)} made={again} />
      )}
    </section>
  );
}

/** The table's figures as one bar: what this programme took, what is due, what is left. */
function Share({ budget: { name, left, points } }: { budget: Budget }) {
  const due = Math.min(points.pending, left ?? 0);
  const all = points.granted + (left ?? 0);
  if (left === null || all === 0) return null;
  const parts = [[points.granted, "c1"], [due, "c4"], [left - due, "c3"]] as const;
  return (
    <div class="share">
      <b>{name}</b>
      <svg viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true">
        {parts.map(([amount, colour], at) => (
          <rect
            key={colour} class={`of-${colour}`} y="0" height="6" width={(100 * amount) / all}
            x={(100 * sum(parts.slice(0, at).map(([before]) => before))) / all}
          />
        ))}
      </svg>
    </div>
  );
}
