// When each point of a drawing shows while it is replayed: in the hand's own rhythm, but without
// its long pauses, and within a few seconds however long it took.
import type { Stroke } from "./model";

/** Longer pauses between two points are cut to this. */
const pause_ms_max = 400;
export const replay_ms_max = 6000;

export interface Timed {
  stroke: Stroke;
  /** For each point of the stroke. */
  at_ms: number[];
}

export function timed(strokes: readonly Stroke[]): { strokes: Timed[]; total_ms: number } {
  let now = 0;
  const all = strokes.map((stroke) => {
    const at_ms: number[] = [];
    for (let at = 2; at < stroke.points.length; at += 3) {
      now += Math.min(pause_ms_max, stroke.points[at] as number);
      at_ms.push(now);
    }
    return { stroke, at_ms };
  });
  const scale = now > replay_ms_max ? replay_ms_max / now : 1;
  for (const one of all) one.at_ms = one.at_ms.map((ms) => ms * scale);
  return { strokes: all, total_ms: now * scale };
}

/** The strokes as far as they are drawn after `ms`. */
export function drawn_after(strokes: readonly Timed[], ms: number): Stroke[] {
  const drawn: Stroke[] = [];
  for (const { stroke, at_ms } of strokes) {
    const count = at_ms.filter((at) => at <= ms).length;
    if (count > 0) drawn.push({ ...stroke, points: stroke.points.slice(0, 3 * count) });
    if (count < at_ms.length) break;
  }
  return drawn;
}
