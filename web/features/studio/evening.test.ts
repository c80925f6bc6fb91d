// Goal: the control room is told what the counts say: rates of whole steps, peaks, minutes, and whose budget ends.
import assert from "node:assert/strict";
import test from "node:test";
import type { Attendance, Programme } from "../../../sdk/ts/src/index";
import {
  alarm_of, budgets_of, checkins_of, clock_of, earlier_of, first_of, minute_rates, minutes_of, pause_ms, peak_of, phase_of,
  rate_now, rates_of, step_of,
} from "./evening";

const start = "2026-11-26T12:00:00.000Z";
const after = (s: number) => new Date(Date.parse(start) + s * 1000).toISOString();

const told = (change: Partial<Attendance> = {}): Attendance => ({
  id: "1", starts_at: start, ends_at: after(1800), as_of: after(20), step_s: 5,
  attempts: { ok: [5, 10, 0, 0], retry: [0, 5, 5, 0], not_now: [0, 0, 0, 1] },
  results: { ok: 15, no_match: 10, flat: 0, not_eligible: 0, no_window: 1, too_late: 0, malformed: 0 },
  checkins: [], campaigns: [], backlog: { records: 0, trouble: null }, ...change,
});

const programme = (id: string, from_s: number, to_s: number, title = "Night"): Programme => ({
  id, title, starts_at: after(from_s), ends_at: after(to_s), delay_ms: { terrestrial: 0, cable: 0, stream: 0 },
  state: "serving", windows: [],
});

test("a curve has points enough, and not too many", () => {
  assert.deepEqual([55, 400, 401, 1980, 7200, 21_780].map(step_of), [1, 1, 2, 5, 30, 60]);
});

test("rates are of whole steps: one that is not over would look like a fall", () => {
  assert.deepEqual(rates_of(told()), [1, 3, 1, 0.2]);
  assert.deepEqual(rates_of(told({ as_of: after(19.9) })), [1, 3, 1]);
  assert.deepEqual(rates_of(told({ as_of: after(-5), attempts: { ok: [], retry: [], not_now: [] } })), []);
});

test("now is ten seconds, and the peak is the first of the highest", () => {
  assert.equal(rate_now([1, 3, 1, 0.2], 5), 0.6);
  assert.equal(rate_now([4], 5), 4);
  assert.equal(rate_now([], 5), 0);
  assert.equal(rate_now([9, 1, 3], 60), 3);
  assert.deepEqual(peak_of([1, 3, 3], 5), { rate: 3, at_s: 5 });
  assert.equal(peak_of([0, 0], 5), null);
  assert.equal(peak_of([], 5), null);
});

test("minutes add up to what there is", () => {
  const steps = Array.from({ length: 13 }, (_, at) => at);
  const minutes = minutes_of(told({ attempts: { ok: steps, retry: steps.map(() => 1), not_now: steps.map(() => 0) } }));
  assert.deepEqual(minutes, [{ ok: 66, retry: 12, not_now: 0 }, { ok: 12, retry: 1, not_now: 0 }]);
  assert.deepEqual(minute_rates([...Array(12).fill(2), 8], 5), [2, 8]);
});

test("check-ins and points are told apart by what became of them", () => {
  const evening = told({
    checkins: [
      { window: 1, campaign: "a", status: "granted", reason: null, count: 3, points: 30 },
      { window: 2, campaign: "a", status: "pending", reason: null, count: 2, points: 40 },
      { window: 2, campaign: "b", status: "void", reason: "no_campaign", count: 1, points: 5 },
      { window: 2, campaign: "b", status: "void", reason: "no_account", count: 1, points: 5 },
    ],
    campaigns: [{ name: "a", state: "open", left: 39 }, { name: "b", state: "missing", left: null }],
  });
  assert.deepEqual(checkins_of(evening), { granted: 3, pending: 2, void: 2, budget_exhausted: 0 });
  assert.deepEqual(checkins_of(evening, 1), { granted: 3, pending: 0, void: 0, budget_exhausted: 0 });
  const [a, b] = budgets_of(evening);
  assert.deepEqual(a?.points, { granted: 30, pending: 40, void: 0, budget_exhausted: 0 });
  assert.deepEqual(b?.points, { granted: 0, pending: 0, void: 10, budget_exhausted: 0 });
  assert.ok(a !== undefined && b !== undefined);
  assert.equal(alarm_of(a), "short");
  assert.equal(alarm_of({ ...a, left: 40 }), null);
  assert.equal(alarm_of({ ...a, left: 0 }), "empty");
  assert.equal(alarm_of({ ...a, state: "unknown", left: null }), null);
  assert.equal(alarm_of(b), "missing");
});

test("the programme on air is shown, else the next, else the last", () => {
  const all = [programme("late", 5000, 6000), programme("early", -2000, -1000), programme("on", 0, 1800)];
  const at = (s: number) => first_of(all, Date.parse(start) + s * 1000)?.id;
  assert.deepEqual([at(0), at(1799), at(1800), at(6000), at(-500)], ["on", "on", "late", "late", "on"]);
  assert.equal(first_of([], 0), undefined);
  assert.deepEqual([-1, 0, 9, 10].map((now) => phase_of(0, 10, now)), ["coming", "on", "on", "over"]);
});

test("what is laid over ended before; of the same title first, then the newest", () => {
  const shown = programme("shown", 0, 1800);
  const all = [
    shown, programme("next", 5000, 6000), programme("other", -500, -100, "Day"), programme("old", -9000, -8000),
    programme("last", -3000, -2000), programme("beside", -100, 100),
  ];
  assert.deepEqual(earlier_of(all, shown).map((one) => one.id), ["last", "old", "other"]);
});

test("one looks often while something happens", () => {
  const now = (s: number) => Date.parse(start) + s * 1000;
  assert.equal(pause_ms(told(), now(-61)), 15_000);
  assert.equal(pause_ms(told(), now(-59)), 2000);
  assert.equal(pause_ms(told(), now(1979)), 2000);
  assert.equal(pause_ms(told(), now(1981)), 15_000);
  assert.equal(pause_ms(told({ backlog: { records: 1, trouble: null } }), now(9000)), 2000);
});

test("times of a programme", () => {
  assert.deepEqual([0, 65, 3725, -30].map(clock_of), ["0:00", "1:05", "1:02:05", "-0:30"]);
});
