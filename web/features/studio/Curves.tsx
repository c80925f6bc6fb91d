// The two charts of an evening, each with its table.
import type { ComponentChildren } from "preact";
import { useMemo } from "preact/hooks";
import type { Attendance, Programme } from "../../../sdk/ts/src/index";
import { AsTable } from "./Table";
import { clock_of, length_s, minute_rates, minutes_of, peak_of, rates_of, starts_ms, sum } from "./evening";
import { useFigures } from "./figures";
import { LiveChart, type LiveSeries } from "./LiveChart";
import { useBroadcastWords } from "./broadcast_words";

export interface Earlier {
  programme: Programme;
  told: Attendance;
}

const earlier_colours = ["c2", "c3", "c6"] as const;

interface CurveProps {
  programme: Programme;
  told: Attendance;
  evenings: readonly Earlier[];
  children?: ComponentChildren;
}

export function Curve({ programme, told, evenings, children }: CurveProps) {
  const w = useBroadcastWords();
  const { rate, day } = useFigures();
  const { step_s } = told;
  const rates = useMemo(() => rates_of(told), [told]);
  const all_s = length_s(programme);
  const times = useMemo(
    () => Array.from({ length: Math.ceil(all_s / step_s) }, (_, step) => (step + 0.5) * step_s), [all_s, step_s]);
  const series = useMemo<LiveSeries[]>(() => [
    ...evenings.map((one, at) => ({
      name: `${one.programme.title} · ${day(starts_ms(one.programme))}`, colour: earlier_colours[at] ?? "c6", earlier: true,
      values: padded(rates_of(one.told), times.length),
    })),
    { name: programme.title, colour: "c1", values: padded(rates, times.length) },
  ], [evenings, rates, times, programme.title, day]);
  const bands = useMemo(() => programme.windows.map((one) => ({
    from_s: (Date.parse(one.starts_at) - starts_ms(programme)) / 1000,
    to_s: (Date.parse(one.ends_at) - starts_ms(programme)) / 1000,
  })), [programme]);
  const peak = peak_of(rates, step_s);
  const label = peak === null ? w.curve_none(programme.title)
    : w.curve_label(programme.title, rate(peak.rate), clock_of(peak.at_s));
  const minutes = [rates, ...evenings.map((one) => rates_of(one.told))].map((one) => minute_rates(one, step_s));
  const rows = Array.from({ length: Math.max(...minutes.map((one) => one.length)) }, (_, at) => at);
  return (
    <section class="card" aria-labelledby="curve">
      <h2 id="curve" class="h-card">{w.curve}</h2>
      <p class="hint">{w.curve_hint}</p>
      <LiveChart label={label} times={times} length_s={all_s} series={series} bands={bands} text_of={rate} />
      {children}
      <AsTable
        label={w.curve} heads={[w.minute, programme.title, ...series.slice(0, -1).map((one) => one.name)]}
        rows={rows.map((at) => [
          clock_of(at * 60), ...minutes.map((one) => (one[at] === undefined ? "–" : rate(one[at]))),
        ])}
      />
    </section>
  );
}

/** With nothing where it has no figures, so that all are of the same times. */
const padded = (values: readonly number[], count: number): (number | null)[] =>
  Array.from({ length: count }, (_, at) => values[at] ?? null);

export function Answers({ told, length_s: all_s }: { told: Attendance; length_s: number }) {
  const w = useBroadcastWords();
  const { number } = useFigures();
  const minutes = useMemo(() => minutes_of(told), [told]);
  const times = useMemo(() => Array.from({ length: Math.ceil(all_s / 60) }, (_, at) => at * 60), [all_s]);
  const series = useMemo<LiveSeries[]>(() => {
    const at = (pick: (minute: { ok: number; retry: number; not_now: number }) => number) =>
      times.map((_, n) => {
        const minute = minutes[n];
        return minute === undefined ? null : pick(minute);
      });
    // The highest first: the lower ones are drawn over it.
    return [
      { name: w.refused, colour: "c5", values: at((one) => one.not_now), drawn: at((one) => one.ok + one.retry + one.not_now) },
      { name: w.retry, colour: "c4", values: at((one) => one.retry), drawn: at((one) => one.ok + one.retry) },
      { name: w.accepted, colour: "c3", values: at((one) => one.ok) },
    ];
  }, [minutes, times, w]);
  const label = w.answers_label(
    sum(minutes.map((one) => one.ok)), sum(minutes.map((one) => one.retry)), sum(minutes.map((one) => one.not_now)));
  return (
    <section class="card" aria-labelledby="answers">
      <h2 id="answers" class="h-card">{w.answers}</h2>
      <LiveChart label={label} times={times} length_s={all_s} series={series} bars text_of={number} />
      <AsTable
        label={w.answers} heads={[w.minute, w.accepted, w.retry, w.refused]}
        rows={minutes.map((one, at) => [clock_of(at * 60), number(one.ok), number(one.retry), number(one.not_now)])}
      />
    </section>
  );
}
