// Goal: the TV's picture is cut into its cells from whatever side it is seen, and corners that were
// touched roughly find its edges.
import assert from "node:assert/strict";
import test from "node:test";
import { cells_of, is_quad, light_of, snapped, type Light, type Point, type Quad } from "./quad";

const [width, height] = [480, 270];
const front: Quad = [{ x: 90, y: 50 }, { x: 390, y: 50 }, { x: 390, y: 219 }, { x: 90, y: 219 }];
const aside: Quad = [{ x: 100, y: 60 }, { x: 380, y: 42 }, { x: 386, y: 226 }, { x: 94, y: 210 }];

const side_of = (at: Point, a: Point, b: Point) => (b.x - a.x) * (at.y - a.y) - (b.y - a.y) * (at.x - a.x);
const is_inside = (quad: Quad, at: Point) => quad.every((a, i) => side_of(at, a, quad[(i + 1) % 4] as Point) > 0);

/** A room with a TV; what it shows is said by the place on it. */
function room(quad: Quad, shown: (x: number, y: number) => number, wall = 40): Light {
  const luma = new Float32Array(width * height);
  for (let y = 0; y < height; ++y) {
    for (let x = 0; x < width; ++x)
      luma[y * width + x] = is_inside(quad, { x: x + 0.5, y: y + 0.5 }) ? shown(x, y) : wall;
  }
  return { width, height, luma };
}

const worst = (a: Quad, b: Quad) => Math.max(...a.map((one, i) => Math.hypot(one.x - (b[i]?.x ?? 0), one.y - (b[i]?.y ?? 0))));
const touched = (quad: Quad, off: readonly [number, number][]): Quad =>
  quad.map(({ x, y }, i) => ({ x: x + (off[i]?.[0] ?? 0), y: y + (off[i]?.[1] ?? 0) })) as unknown as Quad;

test("light is what television takes it for", () => {
  const data = new Uint8ClampedArray([255, 0, 0, 255, 0, 255, 0, 255, 0, 0, 255, 255, 10, 10, 10, 255]);
  const { luma } = light_of({ data, width: 2, height: 2 });
  assert.deepEqual([...luma].map((value) => Math.round(value)), [76, 150, 29, 10]);
});

test("cells are the parts of the picture, left to right and down", () => {
  const cells = cells_of(room(front, (x) => (x - 90) / 300 * 255), front);
  for (let c = 1; c < 31; ++c) assert.ok(Math.abs((cells[c + 32 * 5] ?? 0) - (c + 0.5) / 32 * 255) < 2, `column ${c}`);
  const down = cells_of(room(front, (_, y) => y), front);
  for (let r = 1; r < 15; ++r) assert.ok(Math.abs((down[32 * r + 7] ?? 0) - (50 + 169 * (r + 0.5) / 16)) < 2, `row ${r}`);
});

test("seen from aside a picture has the same halves", () => {
  // The middle of the TV is where the diagonals cross, also in perspective.
  const half = (x: number, y: number) => (side_of({ x, y }, { x: 233.6, y: 51.4 }, { x: 233, y: 218 }) > 0 ? 0 : 200);
  const cells = cells_of(room(aside, half), aside);
  for (let r = 0; r < 16; ++r) {
    assert.ok((cells[32 * r + 4] ?? 200) < 20, `left of row ${r}`);
    assert.ok((cells[32 * r + 27] ?? 0) > 180, `right of row ${r}`);
  }
});

test("corners that were touched roughly find the edges", () => {
  for (const quad of [front, aside]) {
    const rough = touched(quad, [[-12, 8], [14, -6], [9, 11], [-8, -9]]);
    const frames = [0, 1, 2, 3, 4, 5].map((f) => room(quad, (x, y) => 120 + 60 * Math.sin(x / 19 + f) + 40 * Math.cos(y / 13 - f)));
    const found = snapped(frames, rough);
    assert.ok(worst(found, quad) < 6, `off by ${worst(found, quad)}`);
    assert.ok(worst(found, quad) < worst(rough, quad) / 2);
  }
});

test("where there is no edge the touch stays", () => {
  const dark = [0, 1, 2, 3].map(() => room(front, () => 40));
  assert.deepEqual(snapped(dark, front), front);
});

test("a quad is one that goes round once", () => {
  assert.ok(is_quad(front) && is_quad(aside));
  const [a, b, c, d] = front;
  assert.ok(!is_quad([b, a, c, d]));
  assert.ok(!is_quad([a, d, c, b])); // as in a mirror
  assert.ok(!is_quad([a, b, { x: 120, y: 80 }, d]));
});
