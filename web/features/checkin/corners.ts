// The frame that people lay around their TV: its corners as parts of what is shown, 0..1 across and
// down.
import { is_quad, type Point, type Quad } from "./quad";

// Of what is shown: high pictures have room above and below.
const guide_width = { wide: 0.72, high: 0.88 };
const guide_height_max = 0.8;
const edge = 0.02; // corners stay that far inside
const side_min = 0.12;

/** Around all that is shown, as where somebody chose the programme itself. */
export const whole: Quad = [{ x: 0, y: 0 }, { x: 1, y: 0 }, { x: 1, y: 1 }, { x: 0, y: 1 }];

/** Where the frame lies before anybody moved it: 16:9, in the middle. `aspect` is of what is shown. */
export function guide(aspect: number): Quad {
  const width = Math.min(aspect > 1.2 ? guide_width.wide : guide_width.high, (guide_height_max * 16) / 9 / aspect);
  const height = (width * aspect * 9) / 16;
  const [left, top] = [(1 - width) / 2, (1 - height) / 2];
  return [
    { x: left, y: top }, { x: left + width, y: top },
    { x: left + width, y: top + height }, { x: left, y: top + height },
  ];
}

const within = (value: number): number => Math.max(edge, Math.min(1 - edge, value));

/** The frame with one corner there, or as near as it may be: it never crosses itself. */
export function moved(quad: Quad, corner: number, to: Point): Quad {
  const from = quad[corner] as Point;
  const wanted = { x: within(to.x), y: within(to.y) };
  const at = (part: number): Quad => quad.map((one, i) => (i !== corner ? one : {
    x: from.x * (1 - part) + wanted.x * part, y: from.y * (1 - part) + wanted.y * part,
  })) as unknown as Quad;
  const fits = (one: Quad) => is_quad(one) && one.every((a, i) => {
    const b = one[(i + 1) % 4] as Point;
    return Math.hypot(a.x - b.x, a.y - b.y) >= side_min;
  });
  if (fits(at(1))) return at(1);
  let [good, bad] = [0, 1];
  for (let i = 0; i < 12; ++i) {
    const middle = (good + bad) / 2;
    if (fits(at(middle))) good = middle;
    else bad = middle;
  }
  return at(good);
}

/** The same corners in another measure, such as pixels of a picture. */
export function scaled(quad: Quad, across: number, down: number): Quad {
  return quad.map(({ x, y }) => ({ x: x * across, y: y * down })) as unknown as Quad;
}

/** How far apart two frames are where they are furthest apart. */
export function apart(a: Quad, b: Quad): number {
  return Math.max(...a.map(({ x, y }, i) => Math.hypot(x - (b[i]?.x ?? x), y - (b[i]?.y ?? y))));
}

export interface Box { x: number; y: number; width: number; height: number }

/** Whether it is the whole, as near as hands get: no edges are in sight then. */
export const is_whole = (quad: Quad): boolean => apart(quad, whole) <= 2 * edge;

/** How wide what is shown is to its height: all of it, also of films, but of high ones the middle. */
export function shown_aspect(width: number, height: number): number {
  return Math.max(0.9, Math.min(2.4, width / height));
}

/** The part of a camera's picture that is shown at that aspect: the middle. */
export function shown_part(width: number, height: number, aspect: number): Box {
  const [across, down] = [Math.min(width, height * aspect), Math.min(height, width / aspect)];
  return { x: (width - across) / 2, y: (height - down) / 2, width: across, height: down };
}
