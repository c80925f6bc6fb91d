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

/** A part of a stroke that is drawn anew: its points up to now, of which those from `from` on are new. */
export interface Piece {
  stroke: Stroke;
  from: number;
}

/** Goes through a drawing once, so that each point is drawn once however many there are. */
export class Progress {
  private stroke = 0;
  private point = 0;

  constructor(private readonly strokes: readonly Timed[]) {}

  /** What has come to be drawn up to `ms`, since the last call. */
  up_to(ms: number): Piece[] {
    const pieces: Piece[] = [];
    for (; this.stroke < this.strokes.length; ++this.stroke, this.point = 0) {
      const { stroke, at_ms } = this.strokes[this.stroke] as Timed;
      let count = this.point;
      while (count < at_ms.length && (at_ms[count] as number) <= ms) ++count;
      if (count > this.point) {
        pieces.push({ stroke: { ...stroke, points: stroke.points.slice(0, 3 * count) }, from: this.point });
      }
      this.point = count;
      if (count < at_ms.length) break;
    }
    return pieces;
  }
}
