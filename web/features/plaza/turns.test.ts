// Goal: everybody under a lantern is heard, new words first, and nobody is up twice or after they went.
import assert from "node:assert/strict";
import test from "node:test";
import type { Post } from "../../../sdk/ts/src/index";
import { newest_up, no_turns, raised, settled, turned, waits, type Turns } from "./turns";

const posts = (...ids: string[]): Post[] => ids.map((id) => ({ id }) as Post);

test("two are up, and each has its turn", () => {
  const four = posts("4", "3", "2", "1");
  let turns = settled(no_turns, four);
  assert.deepEqual(turns.up, ["4", "3"]);
  const heard = new Set<string | null>(turns.up);
  for (let n = 0; n < 4; ++n) {
    const before: Turns["up"] = turns.up;
    turns = turned(turns, four);
    assert.equal(turns.up.filter((id, side) => id !== before[side]).length, 1); // One side at a time.
    assert.notEqual(turns.up[0], turns.up[1]);
    for (const id of turns.up) heard.add(id);
  }
  assert.equal(heard.size, 4);
  assert.deepEqual(turns.up, ["4", "3"]); // Around.
});

test("a new post comes next, before those that wait for longer", () => {
  const turns = settled(no_turns, posts("3", "2", "1"));
  const now = posts("9", "3", "2", "1");
  assert.ok(waits(turns, now) && !waits(turns, posts("3", "2", "1")));
  assert.equal(settled(turns, now), turns); // Not over the head of who is up.
  assert.deepEqual(turned(turns, now).up, ["9", "2"]);
});

test("what has gone is down, and its place is taken where there is somebody", () => {
  const turns = settled(no_turns, posts("3", "2", "1"));
  assert.deepEqual(settled(turns, posts("2", "1")).up, ["1", "2"]);
  assert.deepEqual(settled(turns, posts("2")).up, [null, "2"]);
  assert.deepEqual(settled(turns, []).up, [null, null]);
  assert.deepEqual(turned(settled(no_turns, posts("1")), posts("1")).up, ["1", null]);
});

test("who has the focus is up", () => {
  const turns = settled(no_turns, posts("3", "2", "1"));
  assert.deepEqual(raised(turns, "1").up, ["1", "2"]);
  assert.equal(raised(turns, "3"), turns);
});

test("without turns the newest two are up, and who stays keeps their side", () => {
  const turns = newest_up(settled(no_turns, posts("3", "2", "1")), posts("9", "3", "2", "1"));
  assert.deepEqual(turns.up, ["3", "9"]);
  assert.equal(newest_up(turns, posts("9", "3", "2", "1")), turns);
});
