// What the control room's page makes of the answers: rates, minutes, campaigns, and what the moment is.
import type { Attendance, Programme } from "../../../sdk/ts/src/index";

const step_count_max = 400;
const steps_s = [1, 2, 5, 10, 15, 30, 60, 120];
/** A rate of now is of that long: one second says little, and a minute comes late. */
const now_s = 10;
const minute_s = 60;
/** After the end, for those who see it later: as the server has it. */
export const tail_s = 180;

export const starts_ms = (one: Programme): number => Date.parse(one.starts_at);
export const ends_ms = (one: Programme): number => Date.parse(one.ends_at);
export const length_s = (one: Programme): number => Math.ceil((ends_ms(one) - starts_ms(one)) / 1000) + tail_s;

/** How many seconds one point of the curve is of. */
export const step_of = (seconds: number): number =>
  steps_s.find((step) => seconds / step <= step_count_max) ?? steps_s[steps_s.length - 1] ?? 1;

export const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);

const attempts_at = ({ attempts }: Attendance, step: number): number =>
  (attempts.ok[step] ?? 0) + (attempts.retry[step] ?? 0) + (attempts.not_now[step] ?? 0);

/** Attempts a second, step by step. The one that is not over is left out: it would look like a fall. */
export function rates_of(told: Attendance): number[] {
  const gone_s = (Date.parse(told.as_of) - Date.parse(told.starts_at)) / 1000;
  const whole = Math.min(told.attempts.ok.length, Math.max(0, Math.floor(gone_s / told.step_s)));
  return Array.from({ length: whole }, (_, step) => attempts_at(told, step) / told.step_s);
}

/** Of the last ten seconds. */
export function rate_now(rates: readonly number[], step_s: number): number {
  const last = rates.slice(-Math.ceil(now_s / step_s));
  return last.length === 0 ? 0 : sum(last) / last.length;
}

export interface Peak {
  rate: number;
  at_s: number;
}
/** The first of the highest; null before the first attempt. */
export function peak_of(rates: readonly number[], step_s: number): Peak | null {
  const rate = Math.max(0, ...rates);
  return rate === 0 ? null : { rate, at_s: rates.indexOf(rate) * step_s };
}

export interface Minute {
  ok: number;
  retry: number;
  not_now: number;
}
/** A step that lies in two minutes counts in the one it begins in. */
export function minutes_of({ attempts, step_s }: Attendance): Minute[] {
  const minutes: Minute[] = [];
  for (let step = 0; step < attempts.ok.length; ++step) {
    const at = Math.floor((step * step_s) / minute_s);
    const minute = minutes[at] ??= { ok: 0, retry: 0, not_now: 0 };
    minute.ok += attempts.ok[step] ?? 0;
    minute.retry += attempts.retry[step] ?? 0;
    minute.not_now += attempts.not_now[step] ?? 0;
  }
  return minutes;
}

/** Attempts a second of each minute: what a table says of a curve. */
export function minute_rates(rates: readonly number[], step_s: number): number[] {
  const minutes: number[][] = [];
  rates.forEach((rate, step) => (minutes[Math.floor((step * step_s) / minute_s)] ??= []).push(rate));
  return minutes.map((all) => sum(all) / all.length);
}

export interface Gone {
  granted: number;
  pending: number;
  void: number;
  budget_exhausted: number;
}
const nothing = (): Gone => ({ granted: 0, pending: 0, void: 0, budget_exhausted: 0 });

export const checkins_of = (told: Attendance, window?: number): Gone => {
  const counts = nothing();
  for (const one of told.checkins) if (window === undefined || one.window === window) counts[one.status] += one.count;
  return counts;
};

export interface Budget {
  name: string;
  state: "open" | "missing" | "unknown";
  left: number | null;
  /** Points of this programme. */
  points: Gone;
}
export const budgets_of = (told: Attendance): Budget[] => told.campaigns.map(({ name, state, left }) => {
  const points = nothing();
  for (const one of told.checkins) if (one.campaign === name) points[one.status] += one.points;
  return { name, state, left: left ?? null, points };
});

/** What is to be done about it, or nothing. */
export type Alarm = "missing" | "empty" | "short";
export function alarm_of({ state, left, points }: Budget): Alarm | null {
  if (state === "missing") return "missing";
  if (left === null) return null;
  if (left === 0) return "empty";
  return left < points.pending ? "short" : null;
}

export type Phase = "coming" | "on" | "over";
export function phase_of(from_ms: number, to_ms: number, now_ms: number): Phase {
  if (now_ms < from_ms) return "coming";
  return now_ms < to_ms ? "on" : "over";
}

/** Which programme one wants to see unless one says so: the one on air, else the next, else the last. */
export function first_of(programmes: readonly Programme[], now_ms: number): Programme | undefined {
  const phase = (one: Programme) => phase_of(starts_ms(one), ends_ms(one), now_ms);
  const by_start = [...programmes].sort((a, b) => starts_ms(a) - starts_ms(b));
  return by_start.find((one) => phase(one) === "on") ?? by_start.find((one) => phase(one) === "coming")
    ?? by_start[by_start.length - 1];
}

const earlier_count_max = 8;
/** Those that ended before it began: of the same title first, then the newest. */
export function earlier_of(programmes: readonly Programme[], shown: Programme): Programme[] {
  const is_other = (one: Programme) => (one.title === shown.title ? 0 : 1);
  return programmes.filter((one) => one.id !== shown.id && ends_ms(one) <= starts_ms(shown))
    .sort((a, b) => is_other(a) - is_other(b) || starts_ms(b) - starts_ms(a))
    .slice(0, earlier_count_max);
}

/** How long until one looks again: often while something happens. */
export function pause_ms(told: Attendance, now_ms: number): number {
  const soon_ms = 60_000;
  const lively = now_ms > Date.parse(told.starts_at) - soon_ms && now_ms < Date.parse(told.ends_at) + tail_s * 1000;
  return lively || told.backlog.records > 0 || checkins_of(told).pending > 0 ? 2000 : 15_000;
}

/** "4:05", "1:04:05"; before the start "-0:30". */
export function clock_of(seconds: number): string {
  const whole = Math.abs(Math.round(seconds));
  const two = (n: number) => String(n).padStart(2, "0");
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor(whole / 60) % 60;
  const text = hours > 0 ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`;
  return seconds < 0 ? `-${text}` : text;
}
