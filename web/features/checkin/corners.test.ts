// Goal: the frame begins as a TV in the middle, and stays one wherever its corners are dragged.
import assert from "node:assert/strict";
import test from "node:test";
import { apart, guide, is_whole, moved, scaled, shown_aspect, shown_part, whole } from "./corners";
import { is_quad, type Quad } from "./quad";

const near = (a: number, b: number) => Math.abs(a - b) < 1e-9;

test("the guide is 16:9 and in the middle of every picture", () => {
  for (const aspect of [0.9, 1, 4 / 3, 16 / 9]) {
    const [a, b, c, d] = guide(aspect);
    assert.ok(near((b.x - a.x) * aspect / (d.y - a.y), 16 / 9), `${aspect}`);
    assert.ok(near(a.x + c.x, 1) && near(a.y + c.y, 1));
    assert.ok(a.x > 0.02 && a.y > 0.02);
  }
});

test("a corner goes where it is dragged, and no other one moves", () => {
  const before = guide(1);
  const after = moved(before, 2, { x: 0.95, y: 0.9 });
  assert.deepEqual(after[2], { x: 0.95, y: 0.9 });
  assert.deepEqual([after[0], after[1], after[3]], [before[0], before[1], before[3]]);
  assert.deepEqual(moved(before, 0, { x: -3, y: 0.2 })[0], { x: 0.02, y: 0.2 });
});

test("wherever one drags a corner, the frame goes round once and is not too small", () => {
  let quad: Quad = guide(1);
  let state = 7;
  const chance = () => (state = (state * 48271) % 2147483647) / 2147483647;
  for (let i = 0; i < 2000; ++i) {
    quad = moved(quad, i % 4, { x: 1.4 * chance() - 0.2, y: 1.4 * chance() - 0.2 });
    assert.ok(is_quad(quad), `after ${i}`);
    for (const { x, y } of quad) assert.ok(Math.abs(x - 0.5) < 0.4801 && Math.abs(y - 0.5) < 0.4801);
  }
});

test("measures", () => {
  assert.deepEqual(scaled(guide(16 / 9), 480, 270)[0], { x: 480 * guide(16 / 9)[0].x, y: 270 * guide(16 / 9)[0].y });
  assert.ok(near(apart(guide(1), moved(guide(1), 1, { x: guide(1)[1].x, y: guide(1)[1].y + 0.1 })), 0.1));
  assert.equal(shown_aspect(1280, 720), 16 / 9);
  assert.equal(shown_aspect(720, 1280), 0.9);
  assert.equal(shown_aspect(2390, 1000), 2.39);
  assert.equal(shown_aspect(4000, 1000), 2.4);
  assert.deepEqual(shown_part(1280, 720, 16 / 9), { x: 0, y: 0, width: 1280, height: 720 });
  assert.deepEqual(shown_part(720, 1280, 0.9), { x: 0, y: 240, width: 720, height: 800 });
});

test("the whole is what hands can make of it, too; the guide is not", () => {
  const corners = [{ x: 0, y: 0 }, { x: 1, y: 0 }, { x: 1, y: 1 }, { x: 0, y: 1 }];
  const by_hand = corners.reduce((quad, to, corner) => moved(quad, corner, to), guide(16 / 9));
  assert.ok(is_whole(whole) && is_whole(by_hand));
  for (const aspect of [0.9, 4 / 3, 16 / 9, 2.4]) assert.ok(!is_whole(guide(aspect)), `${aspect}`);
});
