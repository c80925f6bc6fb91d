// Goal: what the hand does is kept as it was done, can be taken back step by step, and never grows
// beyond what the server takes.
import assert from "node:assert/strict";
import test from "node:test";
import { ink_count, nothing_to_see } from "./ink";
import {
  are_strokes, cleared, drawing_of, from_json, fullness, Hand, json_size_max, no_drawing, redo, size_of,
  stored_size_max, strokes_of, to_json, undo, with_stroke, type Pen, type Stroke,
} from "./model";
import { Progress, replay_ms_max, timed } from "./timing";

const line = (x: number, y: number, to_x: number, to_y: number, pen: Pen = 1, eraser = false): Stroke =>
  ({ pen, eraser, points: [x, y, 0, to_x, to_y, 16] });

test("undo and redo go through strokes and a clearing alike", () => {
  const [a, b, c] = [line(0, 0, 9, 9), line(1, 1, 8, 8), line(2, 2, 7, 7)];
  let drawing = with_stroke(with_stroke(no_drawing, a), b);
  drawing = cleared(drawing);
  assert.deepEqual(strokes_of(drawing), []);
  drawing = undo(drawing);
  assert.deepEqual(strokes_of(drawing), [a, b]);
  drawing = redo(drawing);
  assert.deepEqual(strokes_of(drawing), []);
  drawing = undo(undo(drawing));
  assert.deepEqual(strokes_of(drawing), [a]);
  drawing = with_stroke(drawing, c);
  assert.deepEqual(strokes_of(drawing), [a, c]);
  assert.equal(redo(drawing), drawing); // A new stroke ends what could come again.
  assert.equal(undo(no_drawing), no_drawing);
});

test("clearing an empty paper is nothing, and a second clearing lets the first go", () => {
  assert.equal(cleared(no_drawing), no_drawing);
  const a = line(0, 0, 9, 9);
  const b = line(1, 1, 8, 8);
  const twice = cleared(with_stroke(cleared(with_stroke(no_drawing, a)), b));
  assert.deepEqual(twice.done, [b, "clear"]);
});

test("points are quarters of a pixel with times, and stay on the paper", () => {
  const hand = new Hand([], 2, false, 1000);
  assert.ok(hand.add(1.1, 2.4, 1000));
  assert.ok(hand.add(-30, 500, 1016));
  assert.ok(hand.add(-31, 501, 1032)); // The same edge: the hand rests as far as the paper knows.
  assert.ok(hand.add(999, -7, 200_000));
  assert.deepEqual(hand.stroke.points, [4, 10, 0, 0, 480, 16, 1280, 0, 60_000]);
  const next = new Hand([hand.stroke], 2, true, 200_000);
  next.add(10, 10, 199_000); // A clock that went back.
  assert.deepEqual(next.stroke, { pen: 2, eraser: true, points: [40, 40, 0] });
});

// The server's encoding (docs/formats, MD1), written again without regard for speed.
function encoded_size(strokes: readonly Stroke[]): number {
  let size = 3;
  let last = [0, 0];
  const put = (value: number) => (size += value < 0x80 ? 1 : value < 0x4000 ? 2 : 3);
  const zigzag = (value: number) => ((value << 1) ^ (value >> 31)) >>> 0;
  put(strokes.length);
  for (const { points } of strokes) {
    put(1);
    put(points.length / 3);
    for (let at = 0; at < points.length; at += 3) {
      const [x, y, t] = points.slice(at, at + 3) as [number, number, number];
      put(zigzag(x - (last[0] as number)));
      put(zigzag(y - (last[1] as number)));
      put(t);
      last = [x, y];
    }
  }
  return size;
}

// Draws until the paper is full; steps of `step` pixels, `ms` apart, `points` to a stroke.
function fill(step: number, ms: number, points: number): Stroke[] {
  const strokes: Stroke[] = [];
  let seed = 7;
  const random = () => (seed = (seed * 48_271) % 2_147_483_647) / 2_147_483_647;
  let now = 0;
  for (let full = false; !full;) {
    const hand = new Hand(strokes, 1, false, now);
    let [x, y] = [320 * random(), 120 * random()];
    for (let i = 0; i < points && !full; ++i) {
      full = !hand.add(x, y, (now += ms));
      x = Math.min(320, Math.max(0, x + step * (random() - 0.5)));
      y = Math.min(120, Math.max(0, y + step * (random() - 0.5)));
    }
    if (hand.stroke.points.length > 0) strokes.push(hand.stroke);
  }
  return strokes;
}

test("however one draws, the paper is full before the server's limits, and not long before", () => {
  for (const [step, ms, points] of [[4, 8, 200], [300, 60_000, 50], [2, 1, 2000], [40, 200, 3]] as const) {
    const strokes = fill(step, ms, points);
    const stored = encoded_size(strokes);
    const json = JSON.stringify({ strokes }).length;
    const size = size_of(strokes);
    assert.ok(stored <= size.stored && json <= size.json, `${step} ${ms} ${points}`);
    assert.ok(stored <= stored_size_max && json <= json_size_max, `${step} ${ms} ${points}`);
    assert.ok(fullness(strokes) > 0.99, `${step} ${ms} ${points}: ${fullness(strokes)}`);
  }
});

test("ink is counted by the server's rule", () => {
  assert.equal(nothing_to_see([]), "blank");
  // A dot of 2 pixels in the corner where four pixels meet covers just those.
  assert.equal(ink_count([{ pen: 1, eraser: false, points: [40, 40, 0] }]), 4);
  const stroke = line(40, 40, 400, 40);
  assert.equal(nothing_to_see([stroke]), null);
  assert.equal(nothing_to_see([{ ...stroke, eraser: true }]), "blank");
  assert.equal(nothing_to_see([stroke, line(40, 40, 400, 40, 2, true)]), "blank");
  assert.equal(nothing_to_see([line(40, 40, 400, 40, 2, true), stroke]), null);
  const black = Array.from({ length: 31 }, (_, i) => line(0, i * 16, 1280, i * 16, 3));
  assert.equal(nothing_to_see(black), "black");
});

test("a drawing comes back from its text, and anything else does not", () => {
  const drawing = undo(cleared(drawing_of([line(0, 0, 9, 9), line(0, 5, 9, 5, 3, true)])));
  assert.deepEqual(from_json(to_json(drawing)), drawing);
  for (const json of ["", "{", "null", "[]", '{"done":[1],"undone":[]}',
    '{"done":[{"pen":4,"eraser":false,"points":[1,1,1]}],"undone":[]}',
    '{"done":[{"pen":1,"eraser":false,"points":[1,1]}],"undone":[]}']) {
    assert.equal(from_json(json), null, json);
  }
  assert.ok(are_strokes([line(0, 0, 1, 1)]));
  assert.ok(!are_strokes([{ pen: 1, eraser: false, points: [] }]));
});

test("a replay has the hand's rhythm without its pauses, and ends in time", () => {
  const short = timed([line(0, 0, 4, 4), { pen: 1, eraser: false, points: [0, 0, 50_000, 4, 4, 16] }]);
  assert.deepEqual(short.strokes.map((one) => one.at_ms), [[0, 16], [416, 432]]);
  const long = timed(Array.from({ length: 100 }, () => ({
    pen: 1 as const, eraser: false, points: [0, 0, 400, 4, 4, 400],
  })));
  assert.equal(long.total_ms, replay_ms_max);
});

test("a replay draws each point once, whatever the frames are", () => {
  const points = (count: number) => Array.from({ length: count }, (_, i) => [4 * i, 4 * i, 16]).flat();
  const strokes = [1, 5, 2].map((count) => ({ pen: 1 as const, eraser: false, points: points(count) }));
  const { strokes: all, total_ms } = timed(strokes);
  for (const step of [1, 16, 50, 1000]) {
    const progress = new Progress(all);
    const drawn = strokes.map(() => 0);
    for (let ms = 0; ms <= total_ms + step; ms += step) {
      for (const { stroke, from } of progress.up_to(ms)) {
        const at = strokes.findIndex((one) => one.points.length >= stroke.points.length
          && drawn[strokes.indexOf(one)] === from && from < one.points.length / 3);
        drawn[at] = stroke.points.length / 3;
      }
    }
    assert.deepEqual(drawn, [1, 5, 2], `${step}`);
    assert.deepEqual(progress.up_to(total_ms), []);
  }
});
