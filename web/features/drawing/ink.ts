// Which pixels are ink, by the server's rule (src/drawing/raster.h): a drawing without ink, or with
// nothing but ink, is refused, and that is better said before it is sent.
import { height_px, width_px, type Stroke } from "./model";

/** The pixels that are ink, of 320 times 120. */
export function ink_count(strokes: readonly Stroke[]): number {
  const ink = new Uint8Array(width_px * height_px);
  for (const stroke of strokes) lay(ink, stroke);
  return ink.reduce((sum, pixel) => sum + pixel, 0);
}

/** Why nobody would see anything on it, or null where there is something to see. */
export function nothing_to_see(strokes: readonly Stroke[]): "blank" | "black" | null {
  const count = ink_count(strokes);
  if (count === 0) return "blank";
  return count === width_px * height_px ? "black" : null;
}

function lay(ink: Uint8Array, { pen, eraser, points }: Stroke): void {
  const radius = 2 << pen;
  let [x, y] = points as [number, number];
  for (let at = 0; at < points.length; at += 3) {
    const to_x = points[at] as number;
    const to_y = points[at + 1] as number;
    lay_line(ink, eraser ? 0 : 1, radius, [x, y, to_x, to_y]);
    x = to_x;
    y = to_y;
  }
}

function lay_line(
  ink: Uint8Array, value: number, radius: number, [ax, ay, bx, by]: [number, number, number, number],
): void {
  const dx = bx - ax;
  const dy = by - ay;
  const length2 = dx * dx + dy * dy;
  const first = (a: number, b: number): number => Math.max(0, Math.floor((Math.min(a, b) - radius - 2) / 4));
  const last = (a: number, b: number, count: number): number =>
    Math.min(count - 1, Math.ceil((Math.max(a, b) + radius) / 4));
  for (let row = first(ay, by); row <= last(ay, by, height_px); ++row) {
    for (let column = first(ax, bx); column <= last(ax, bx, width_px); ++column) {
      const px = 4 * column + 2 - ax;
      const py = 4 * row + 2 - ay;
      const along = length2 === 0 ? 0 : Math.min(1, Math.max(0, (px * dx + py * dy) / length2));
      const off_x = px - along * dx;
      const off_y = py - along * dy;
      if (off_x * off_x + off_y * off_y <= radius * radius + 1e-9) ink[row * width_px + column] = value;
    }
  }
}
