// Goal: a crowd of any size stands within its place, each person once, the newest in front.
import assert from "node:assert/strict";
import test from "node:test";
import type { Author } from "../../../sdk/ts/src/index";
import { rows_of } from "./standing";

const crowd = (count: number): Author[] => Array.from({ length: count }, (_, at) => ({
  id: String(7_000_000_000_000_000 + at * 4097), handle: `p${at}`, name: `P ${at}`,
  face: (at * 2_654_435_761 % 2 ** 32).toString(16).padStart(16, "0"),
}));

test("everybody has a place, in front of those who came before", () => {
  for (let count = 1; count <= 20; ++count) {
    const people = crowd(count);
    const rows = rows_of(people);
    assert.deepEqual(rows.reverse().flat().map(({ person }) => person), people);
    for (const [at, row] of rows.entries()) {
      for (const one of row) {
        assert.ok(one.left > -2 && one.left + one.size < 102, `${count}: ${one.left} ${one.size}`);
        assert.ok(one.top > -4 && one.top < 70, `${count}: ${one.top}`);
        assert.ok(one.feeling >= 0 && one.feeling <= 5);
        if (at > 0) assert.ok(!one.hops && one.size < (rows[0]?.[0]?.size ?? 0));
      }
    }
  }
  assert.deepEqual(rows_of([]).flat(), []);
});

test("nobody changes while they stay", () => {
  const [before, after] = [rows_of(crowd(3))[0], rows_of(crowd(3))[0]];
  assert.deepEqual(before, after);
});
