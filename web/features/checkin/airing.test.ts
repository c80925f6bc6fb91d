// Goal: viewers see what is on first, each window when it is on at their TV, and what they have.
import assert from "node:assert/strict";
import test from "node:test";
import type { Checkin, Programme } from "../../../sdk/ts/src/index";
import { choices, clock_text, is_had, is_on, moment_of, slots_of } from "./airing";

const start = Date.parse("2026-12-01T20:00:00Z");
const minute = 60_000;
const at = (minutes: number) => new Date(start + minutes * minute).toISOString();

function programme(id: string, from: number, to: number, windows: [number, number][] = []): Programme {
  return {
    id, title: id, starts_at: at(from), ends_at: at(to), state: "serving",
    delay_ms: { terrestrial: 2000, cable: 5000, stream: 30_000 },
    windows: windows.map(([opens, closes], i) =>
      ({ window: i + 1, starts_at: at(opens), ends_at: at(closes), campaign: "night", points: 100 })),
  };
}

const checkin = (window: number, status: Checkin["status"], of = "7"): Checkin =>
  ({ id: `${window}`, programme: of, window, time_ms: start, status, points: 100, reason: null });

test("what is on comes first, then what comes, then what is just over; after that it is gone", () => {
  const all = [
    programme("over", -120, -60), programme("just over", -60, -10), programme("later", 180, 240), programme("on", -30, 90),
    programme("soon", 60, 120), programme("new", -5, 30),
  ];
  assert.deepEqual(choices(all, "terrestrial", start).map(({ id }) => id), ["new", "on", "soon", "later", "just over"]);
});

test("a programme is over when it is over at the viewer's TV", () => {
  const one = programme("1", -60, 0);
  assert.deepEqual([is_on(one, "terrestrial", start + 3000), is_on(one, "stream", start + 3000)], [false, true]);
  assert.equal(choices([one], "stream", start + 15 * minute + 3000).length, 1);
  assert.equal(choices([one], "terrestrial", start + 15 * minute + 3000).length, 0);
});

test("windows open when their path shows them", () => {
  const slots = slots_of(programme("7", 0, 90, [[30, 35], [5, 10]]), "cable", []);
  assert.deepEqual(slots.map(({ window, number }) => [window, number]), [[2, 1], [1, 2]]);
  assert.equal(slots[0]?.opens_ms, start + 5 * minute + 5000);
  const moment = (minutes: number) => moment_of(slots, start + minutes * minute);
  assert.deepEqual([moment(0).is, moment(4).is, moment(6).is, moment(12).is, moment(40).is],
    ["waiting", "soon", "open", "waiting", "over"]);
  const open = moment(6);
  assert.equal(open.is === "open" && open.slot.window, 2);
});

test("one's check-ins are found at their windows; a void one does not count", () => {
  const slots = slots_of(programme("7", 0, 90, [[0, 5], [10, 15], [20, 25], [30, 35]]), "terrestrial", [
    checkin(1, "granted"), checkin(2, "void"), checkin(3, "void"), checkin(3, "pending"), checkin(4, "granted", "8"),
  ]);
  assert.deepEqual(slots.map(is_had), [true, false, true, false]);
  assert.deepEqual(slots.map((one) => one.checkin?.status), ["granted", "void", "pending", undefined]);
});

test("what is left is said in minutes and seconds", () => {
  assert.deepEqual([-5, 900, 59_001, 61_000, 3_605_000].map(clock_text), ["0:00", "0:01", "1:00", "1:01", "1:00:05"]);
});
