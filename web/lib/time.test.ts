// Goal: ages are what people say, in each language, also where clocks differ.
import assert from "node:assert/strict";
import test from "node:test";
import { ago, full_time } from "./time";

const at = "2026-11-21T12:00:00.000Z";
const after = (ms: number): number => Date.parse(at) + ms;
const minute = 60_000;

test("an age grows from now to a date", () => {
  assert.equal(ago(at, after(-5 * minute), "en", "now"), "now");
  assert.equal(ago(at, after(59_999), "en", "now"), "now");
  assert.match(ago(at, after(minute), "en", "now"), /^1 min/);
  assert.match(ago(at, after(59 * minute), "en", "now"), /^59 min/);
  assert.match(ago(at, after(60 * minute), "en", "now"), /^1 h/);
  assert.match(ago(at, after(24 * 60 * minute), "en", "now"), /^1 day/);
  assert.match(ago(at, after(8 * 24 * 60 * minute), "en", "now"), /2026/);
  assert.match(ago(at, after(3 * minute), "ja", "たった今"), /^3 ?分前$/);
});

test("the whole time has its year in both languages", () => {
  assert.match(full_time(at, "en"), /2026/);
  assert.match(full_time(at, "ja"), /2026年/);
});
