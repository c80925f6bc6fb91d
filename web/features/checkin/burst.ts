// Pictures of a camera at a beat: one each slot, the first that came at or after it. Cameras are late
// and drop some; then a slot stays empty, and the times tell.

/** A picture that was not there before. */
export interface Picture<Look> {
  /** When it came, on a clock that only goes on. */
  at_ms: number;
  look: () => Look;
}

export interface Camera<Look> {
  now(): number;
  /** The next picture. `late` where none comes until then, `hidden` where nobody sees the page. */
  next(until_ms: number): Promise<Picture<Look> | "late" | "hidden">;
}

export interface Beat {
  slots: number;
  period_ms: number;
  /** No longer than that. */
  limit_ms: number;
}

export interface Burst {
  end: "whole" | "hidden";
  /** When the first picture came; null without any. */
  first_ms: number | null;
  count: number;
}

/**
 * Looks at pictures until the slots are over, and gives each to `see`, with how long after the first
 * it came and how many were before it. What `see` does takes from the time of the next picture.
 */
export async function burst<Look>(
  camera: Camera<Look>, { slots, period_ms, limit_ms }: Beat,
  see: (look: Look, after_ms: number, index: number) => void,
): Promise<Burst> {
  const until_ms = camera.now() + limit_ms;
  let first_ms: number | null = null;
  let [slot, count, last_ms] = [0, 0, -1];
  while (slot < slots) {
    const picture = await camera.next(until_ms);
    if (picture === "hidden") return { end: "hidden", first_ms, count };
    if (picture === "late" || picture.at_ms > until_ms) break;
    first_ms ??= picture.at_ms;
    const after_ms = Math.round(picture.at_ms - first_ms);
    if (after_ms < slot * period_ms || after_ms <= last_ms) continue;
    see(picture.look(), after_ms, count++);
    last_ms = after_ms;
    slot = Math.floor(after_ms / period_ms) + 1;
  }
  return { end: "whole", first_ms, count };
}
