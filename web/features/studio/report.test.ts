// Goal: days are counted as people count them, and piles and shares add up.
import assert from "node:assert/strict";
import test from "node:test";
import { day_count, day_later, heat, largest_at, piled, share, wrong_days } from "./report";

test("days go on over months, years and clocks that are set", () => {
  assert.equal(day_later("2026-02-28", 1), "2026-03-01");
  assert.equal(day_later("2028-02-28", 1), "2028-02-29");
  assert.equal(day_later("2026-01-01", -1), "2025-12-31");
  assert.equal(day_count("2026-03-28", "2026-03-30"), 3);
  for (let n = 1; n < 400; ++n) assert.equal(day_count("2026-01-01", day_later("2026-01-01", n - 1)), n);
});

test("a range has two ends, in their order, and at most 92 days", () => {
  assert.equal(wrong_days("2026-01-01", "2026-01-01"), null);
  assert.equal(wrong_days("2026-01-01", day_later("2026-01-01", 91)), null);
  assert.equal(wrong_days("2026-01-01", day_later("2026-01-01", 92)), "long");
  assert.equal(wrong_days("2026-01-02", "2026-01-01"), "order");
  assert.equal(wrong_days("", "2026-01-01"), "missing");
});

test("shares are of something, and coloured from none to all", () => {
  assert.equal(share(1, 4), 0.25);
  assert.equal(share(null, 4), null);
  assert.equal(share(0, 0), null);
  assert.deepEqual([0, 0.01, 0.2, 0.21, 0.99, 1].map(heat), [0, 1, 1, 2, 5, 5]);
});

test("a pile ends with the sum of all", () => {
  assert.deepEqual(piled([[1, 2], [10, 0], [0, 5]]), [[1, 2], [11, 2], [11, 7]]);
  assert.deepEqual(piled([]), []);
  assert.equal(largest_at([1, 5, 5]), 1);
  assert.equal(largest_at([0, 0]), -1);
});
