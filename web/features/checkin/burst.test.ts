// Goal: whatever a camera does, a burst has real times in their order, one picture a slot at most,
// and ends in time.
import assert from "node:assert/strict";
import test from "node:test";
import { burst, type Camera } from "./burst";

const beat = { slots: 24, period_ms: 125, limit_ms: 3400 };

/** A camera whose pictures come at those moments, while its clock goes on with them. */
function camera_of(times: readonly number[], hidden_at = Infinity): Camera<number> {
  let now = 1000;
  const left = [...times];
  return {
    now: () => now,
    next: async (until_ms) => {
      const at = left.shift();
      if (hidden_at <= Math.min(at === undefined ? Infinity : 1000 + at, until_ms)) return "hidden";
      if (at === undefined || 1000 + at > until_ms) {
        now = until_ms;
        return "late";
      }
      now = 1000 + at;
      return { at_ms: now, look: () => at };
    },
  };
}

async function seen(times: readonly number[], hidden_at?: number) {
  const pictures: { look: number; after: number; index: number }[] = [];
  const made = await burst(camera_of(times, hidden_at), beat, (look, after, index) =>
    pictures.push({ look, after, index }));
  return { made, pictures, after: pictures.map((one) => one.after) };
}

const every = (ms: number, count: number, from = 0) => Array.from({ length: count }, (_, i) => from + i * ms);

test("a camera of 30 pictures a second gives one for each slot, at or after it", async () => {
  const { made, after, pictures } = await seen(every(1000 / 30, 120, 17));
  assert.deepEqual([made.end, made.count, made.first_ms], ["whole", 24, 1017]);
  after.forEach((ms, slot) => assert.ok(ms >= slot * 125 && ms < slot * 125 + 34, `slot ${slot}: ${ms}`));
  assert.deepEqual(pictures.map(({ index }) => index), every(1, 24));
});

test("the times are those at which pictures came, and not those of the slots", async () => {
  const { after } = await seen([0, 60, 131, 200, 301, 377, 500]);
  assert.deepEqual(after, [0, 131, 301, 377, 500]);
});

test("a slot without a new picture stays empty", async () => {
  const { made, after } = await seen([...every(125, 6), ...every(125, 10, 1500)]);
  assert.equal(made.count, 16);
  assert.deepEqual(after.slice(4, 8), [500, 625, 1500, 1625]);
});

test("a slow camera is taken as it is, and never longer than the limit", async () => {
  const { made, after } = await seen(every(260, 40));
  assert.equal(made.count, 13);
  assert.equal(after.at(-1), 3120);
  const late = await seen(every(125, 40, 2000));
  assert.equal(late.made.first_ms, 3000);
  assert.ok(late.made.count === 12 && (late.after.at(-1) ?? 0) <= 1400, `${late.after}`);
});

test("without pictures it ends, with nothing", async () => {
  assert.deepEqual((await seen([])).made, { end: "whole", first_ms: null, count: 0 });
});

test("two pictures of one moment are one", async () => {
  const { after } = await seen([0, 0.2, 125.1, 125.3, 250.2]);
  assert.deepEqual(after, [0, 125, 250]);
});

test("a page that nobody sees has no burst", async () => {
  const { made } = await seen(every(33, 120), 2000);
  assert.equal(made.end, "hidden");
  assert.ok(made.count > 5 && made.count < 10);
});
