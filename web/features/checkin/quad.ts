// The TV in the camera's picture: four corners, what lies between them, and where its edges are.
import { columns, rows } from "./vci1";

export interface Point {
  x: number;
  y: number;
}
/** Top left, top right, bottom right, bottom left; in pixels of the picture. */
export type Quad = readonly [Point, Point, Point, Point];

/** A picture as light alone, row by row, 0..255. */
export interface Light {
  width: number;
  height: number;
  luma: Float32Array;
}

const samples = 4; // a cell, in each direction

export function light_of(image: { data: Uint8ClampedArray; width: number; height: number }): Light {
  const { data, width, height } = image;
  const luma = new Float32Array(width * height);
  for (let i = 0; i < luma.length; ++i) {
    luma[i] = 0.299 * (data[4 * i] as number) + 0.587 * (data[4 * i + 1] as number)
      + 0.114 * (data[4 * i + 2] as number);
  }
  return { width, height, luma };
}

/** The light between four pixels. Outside, that of the nearest edge. */
function light_at({ width, height, luma }: Light, x: number, y: number): number {
  const inside_x = Math.max(0, Math.min(width - 1.001, x));
  const inside_y = Math.max(0, Math.min(height - 1.001, y));
  const [column, row] = [Math.floor(inside_x), Math.floor(inside_y)];
  const [right, down] = [inside_x - column, inside_y - row];
  const i = row * width + column;
  const one = (k: number) => luma[k] as number;
  return (one(i) * (1 - right) + one(i + 1) * right) * (1 - down)
    + (one(i + width) * (1 - right) + one(i + width + 1) * right) * down;
}

/** Where a place of the TV's picture (0..1 across and down) is in the camera's: a homography. */
function projection(quad: Quad): (u: number, v: number) => Point {
  const [a, b, c, d] = quad;
  const [dx1, dx2, dx3] = [b.x - c.x, d.x - c.x, a.x - b.x + c.x - d.x];
  const [dy1, dy2, dy3] = [b.y - c.y, d.y - c.y, a.y - b.y + c.y - d.y];
  const determinant = dx1 * dy2 - dx2 * dy1;
  const g = (dx3 * dy2 - dx2 * dy3) / determinant;
  const h = (dx1 * dy3 - dx3 * dy1) / determinant;
  return (u, v) => {
    const depth = g * u + h * v + 1;
    return {
      x: ((b.x - a.x + g * b.x) * u + (d.x - a.x + h * d.x) * v + a.x) / depth,
      y: ((b.y - a.y + g * b.y) * u + (d.y - a.y + h * d.y) * v + a.y) / depth,
    };
  };
}

/** The mean luma of the cells that the TV's picture is cut into. */
export function cells_of(light: Light, quad: Quad): Float64Array {
  const place = projection(quad);
  const means = new Float64Array(columns * rows);
  for (let r = 0; r < rows * samples; ++r) {
    for (let c = 0; c < columns * samples; ++c) {
      const { x, y } = place((c + 0.5) / (columns * samples), (r + 0.5) / (rows * samples));
      const cell = Math.floor(r / samples) * columns + Math.floor(c / samples);
      means[cell] = (means[cell] as number) + light_at(light, x - 0.5, y - 0.5) / (samples * samples);
    }
  }
  return means;
}

/** Whether the corners go round once, clockwise and without a dent, as those of a TV do. */
export function is_quad(quad: Quad): boolean {
  return quad.every((corner, i) => {
    const [next, after] = [quad[(i + 1) % 4] as Point, quad[(i + 2) % 4] as Point];
    return (next.x - corner.x) * (after.y - next.y) - (next.y - corner.y) * (after.x - next.x) > 0;
  });
}

const plus = (a: Point, b: Point, times = 1): Point => ({ x: a.x + b.x * times, y: a.y + b.y * times });
const minus = (a: Point, b: Point): Point => plus(a, b, -1);
const length_of = ({ x, y }: Point): number => Math.hypot(x, y);

// A screen is brighter than its frame, and what it shows moves.
function liveliness(lights: readonly Light[]): Light {
  const { width, height } = lights[0] as Light;
  const luma = new Float32Array(width * height);
  for (let i = 0; i < luma.length; ++i) {
    let [sum, squares] = [0, 0];
    for (const one of lights) {
      const value = one.luma[i] as number;
      sum += value;
      squares += value * value;
    }
    const mean = sum / lights.length;
    luma[i] = mean + 3 * Math.sqrt(Math.max(0, squares / lights.length - mean * mean));
  }
  return { width, height, luma };
}

interface Line {
  from: Point;
  to: Point;
}

const reach = 0.1; // of the width
const shift_count = 17;
const point_count = 40;
const shear_max = 0.12;
const edge_min = 3; // less is no edge

/** The edge near one side of the quad; the side itself where none is found. */
function edge_near(map: Light, quad: Quad, side: number): Line {
  const corner = (i: number) => quad[(side + i) % 4] as Point;
  const [from, to] = [corner(0), corner(1)];
  // Ends move along the neighbouring sides; on top and bottom, measured by the width.
  const scale = side % 2 === 0 ? 16 / 9 : 1;
  const from_way = minus(corner(3), from);
  const to_way = minus(corner(2), to);
  const along = minus(to, from);
  const normal = { x: -along.y / length_of(along), y: along.x / length_of(along) }; // into the picture
  const shifts = Array.from({ length: shift_count }, (_, i) => -reach + (2 * reach * i) / (shift_count - 1));
  let best = { value: edge_min, from, to };
  for (const shift of shifts) {
    for (const other of shifts) {
      if (Math.abs(shift - other) > shear_max) continue;
      const moved = { from: plus(from, from_way, shift * scale), to: plus(to, to_way, other * scale) };
      const step = minus(moved.to, moved.from);
      let sum = 0;
      for (let i = 0; i < point_count; ++i) {
        const at = plus(moved.from, step, 0.06 + (0.88 * (i + 0.5)) / point_count);
        for (const away of [1.5, 3]) {
          const inside = plus(at, normal, away);
          const outside = plus(at, normal, -away);
          const rise = light_at(map, inside.x, inside.y) - light_at(map, outside.x, outside.y);
          sum += Math.max(-5, Math.min(25, rise));
        }
      }
      const value = sum / point_count - 10 * (Math.abs(shift) + Math.abs(other));
      if (value > best.value) best = { value, ...moved };
    }
  }
  return best;
}

function crossing(a: Line, b: Line): Point | null {
  const [along, across] = [minus(a.to, a.from), minus(b.to, b.from)];
  const determinant = along.x * across.y - along.y * across.x;
  if (Math.abs(determinant) < 1e-6) return null;
  const t = ((b.from.x - a.from.x) * across.y - (b.from.y - a.from.y) * across.x) / determinant;
  return plus(a.from, along, t);
}

/**
 * The corners moved to the edges of the screen, as far as there are some near. `lights` are four to
 * eight pictures in a row.
 */
export function snapped(lights: readonly Light[], quad: Quad): Quad {
  const map = liveliness(lights);
  const lines = [0, 1, 2, 3].map((side) => edge_near(map, quad, side));
  const far = 0.2 * length_of(minus(quad[1], quad[0]));
  const corners = quad.map((corner, i) => {
    const found = crossing(lines[(i + 3) % 4] as Line, lines[i] as Line);
    return found !== null && length_of(minus(found, corner)) < far ? found : corner;
  }) as unknown as Quad;
  return is_quad(corners) ? corners : quad;
}
