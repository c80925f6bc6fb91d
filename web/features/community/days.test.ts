// Goal: one goes from day to day without a gap, over the ends of months and years.
import assert from "node:assert/strict";
import test from "node:test";
import { day_after, day_of, is_last_day } from "./days";

test("days follow each other, and there is none after today", () => {
  assert.equal(day_of(Date.parse("2026-11-25T23:59:59.999Z")), "2026-11-25");
  assert.equal(day_after("2026-02-28", 1), "2026-03-01");
  assert.equal(day_after("2028-03-01", -1), "2028-02-29");
  assert.equal(day_after("2026-12-31", 1), "2027-01-01");
  const now = Date.parse("2026-11-25T12:00:00Z");
  assert.ok(is_last_day("2026-11-25", now) && !is_last_day("2026-11-24", now));
});
