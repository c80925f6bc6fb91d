// A drawing as it is made: strokes in quarters of a pixel with their times, and the way back and
// forth through them. Values are never changed in place.

export type Pen = 1 | 2 | 3;

export interface Stroke {
  pen: Pen;
  eraser: boolean;
  /** x, y, t of each point. t is in ms since the point before; a stroke's first, since the last. */
  points: number[];
}

/** What was done, in order: a stroke, or everything cleared. */
export type Step = Stroke | "clear";

export interface Drawing {
  done: readonly Step[];
  /** What was taken back; the next to come again is last. */
  undone: readonly Step[];
}

export const width_px = 320;
export const height_px = 120;
export const x_max = width_px * 4;
export const y_max = height_px * 4;
export const t_ms_max = 60_000;
/** Bytes that the server keeps of a drawing. */
export const stored_size_max = 65_536;
/** Bytes of the strokes in a request: below the server's 262 144 by the room for all the rest. */
export const json_size_max = 256_000;
/** The part of the paper from which its end is said. */
export const nearly_full = 0.85;

export const no_drawing: Drawing = { done: [], undone: [] };
/** Widths of the pens in pixels of the canvas. */
export const pen_width: Record<Pen, number> = { 1: 2, 2: 4, 3: 8 };

/** The strokes on the paper: those since it was cleared last. */
export function strokes_of(drawing: Drawing): Stroke[] {
  const cleared = drawing.done.lastIndexOf("clear");
  return drawing.done.slice(cleared + 1) as Stroke[];
}

export function with_stroke(drawing: Drawing, stroke: Stroke): Drawing {
  if (stroke.points.length === 0) return drawing;
  return { done: [...drawing.done, stroke], undone: [] };
}

/** Clears the paper, which can be taken back; what had been cleared before is let go for good. */
export function cleared(drawing: Drawing): Drawing {
  if (strokes_of(drawing).length === 0) return drawing;
  return { done: [...strokes_of(drawing), "clear"], undone: [] };
}

export function undo(drawing: Drawing): Drawing {
  const last = drawing.done.at(-1);
  if (last === undefined) return drawing;
  return { done: drawing.done.slice(0, -1), undone: [...drawing.undone, last] };
}

export function redo(drawing: Drawing): Drawing {
  const next = drawing.undone.at(-1);
  if (next === undefined) return drawing;
  return { done: [...drawing.done, next], undone: drawing.undone.slice(0, -1) };
}

/** A drawing of strokes that were drawn before, such as those of a refused post. */
export function drawing_of(strokes: readonly Stroke[]): Drawing {
  return { done: strokes, undone: [] };
}

const clamp = (value: number, max: number): number =>
  Math.min(max, Math.max(0, Math.round(value)));

function number_size(value: number): number {
  return value < 0x80 ? 1 : value < 0x4000 ? 2 : 3;
}
const zigzag = (value: number): number => (value < 0 ? -2 * value - 1 : 2 * value);

interface Size {
  stored: number;
  json: number;
}

// Room for "MD1" and the largest count of strokes, and for {"strokes":[]}.
const empty_size: Size = { stored: 6, json: 16 };
// A pen and the largest count of points; {"pen":1,"eraser":false,"points":[]}, with its comma.
const stroke_size: Size = { stored: 4, json: 40 };

function point_size(dx: number, dy: number, x: number, y: number, t: number): Size {
  return {
    stored: number_size(zigzag(dx)) + number_size(zigzag(dy)) + number_size(t),
    json: `${x},${y},${t},`.length,
  };
}

function fullness_of(size: Size): number {
  return Math.max(size.stored / stored_size_max, size.json / json_size_max);
}

/** The bytes that strokes take, at the server and on the way; never less than they really take. */
export function size_of(strokes: readonly Stroke[]): Size {
  const size = { ...empty_size };
  let x = 0;
  let y = 0;
  for (const { points } of strokes) {
    size.stored += stroke_size.stored;
    size.json += stroke_size.json;
    for (let at = 0; at < points.length; at += 3) {
      const [to_x, to_y, t] = points.slice(at, at + 3) as [number, number, number];
      const point = point_size(to_x - x, to_y - y, to_x, to_y, t);
      size.stored += point.stored;
      size.json += point.json;
      x = to_x;
      y = to_y;
    }
  }
  return size;
}

/** How much of the largest drawing it is, from 0 to 1. */
export function fullness(strokes: readonly Stroke[]): number {
  return fullness_of(size_of(strokes));
}

/** A stroke under the hand. Takes points in pixels of the canvas, also from beside it. */
export class Hand {
  readonly stroke: Stroke;
  private readonly size: Size;
  private last_ms: number;

  /** `before_ms` is when the stroke before ended, or when this one begins where it is the first. */
  constructor(strokes: readonly Stroke[], pen: Pen, eraser: boolean, before_ms: number) {
    this.stroke = { pen, eraser, points: [] };
    this.size = size_of(strokes);
    this.size.stored += stroke_size.stored;
    this.size.json += stroke_size.json;
    this.last_ms = before_ms;
    const points = strokes.at(-1)?.points ?? [];
    this.x = points.at(-3) ?? 0;
    this.y = points.at(-2) ?? 0;
  }

  private x: number;
  private y: number;

  /** False where the paper is full: the point is not taken. */
  add(x_px: number, y_px: number, now_ms: number): boolean {
    const x = clamp(x_px * 4, x_max);
    const y = clamp(y_px * 4, y_max);
    const { points } = this.stroke;
    // A hand that rests: its time goes to the next point.
    if (points.length > 0 && x === this.x && y === this.y) return true;
    const t = clamp(now_ms - this.last_ms, t_ms_max);
    const point = point_size(x - this.x, y - this.y, x, y, t);
    const size = { stored: this.size.stored + point.stored, json: this.size.json + point.json };
    if (fullness_of(size) > 1) return false;
    Object.assign(this.size, size);
    points.push(x, y, t);
    this.x = x;
    this.y = y;
    this.last_ms = Math.max(now_ms, this.last_ms);
    return true;
  }
}

/** Whether a value that was kept, or came over the network, is a list of strokes. */
export function are_strokes(value: unknown): value is Stroke[] {
  return Array.isArray(value) && value.every(is_stroke);
}

function is_stroke(value: unknown): value is Stroke {
  const { pen, eraser, points } = (value ?? {}) as Partial<Stroke>;
  return (pen === 1 || pen === 2 || pen === 3) && typeof eraser === "boolean"
    && Array.isArray(points) && points.length > 0 && points.length % 3 === 0
    && points.every((part) => Number.isInteger(part) && part >= 0);
}

export function to_json(drawing: Drawing): string {
  return JSON.stringify(drawing);
}

/** The drawing that `to_json` wrote, or nothing where it is none. */
export function from_json(json: string): Drawing | null {
  try {
    const { done, undone } = JSON.parse(json) as Partial<Drawing>;
    const good = (steps: unknown): boolean =>
      Array.isArray(steps) && steps.every((step) => step === "clear" || is_stroke(step));
    return good(done) && good(undone) ? { done: done ?? [], undone: undone ?? [] } : null;
  } catch {
    return null;
  }
}
