// A drawing drawn again as it was drawn, over the finished one. Where motion is not wanted, the
// finished one is what shows.
import { useEffect, useRef } from "preact/hooks";
import { height_px, width_px, type Stroke } from "./model";
import { fit, paint_stroke } from "./paint";
import { Progress, timed } from "./timing";

// The finished drawing stays a moment before the picture takes its place.
const rest_ms = 400;

export function Replay({ strokes, on_end }: { strokes: readonly Stroke[]; on_end: () => void }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    const element = canvas.current as HTMLCanvasElement;
    const { strokes: all, total_ms } = timed(strokes);
    if (matchMedia("(prefers-reduced-motion: reduce)").matches) return on_end();
    const start = performance.now();
    let progress = new Progress(all);
    let frame = requestAnimationFrame(function draw(now) {
      // A canvas of another size is an empty one.
      if (fit(element)) progress = new Progress(all);
      for (const { stroke, from } of progress.up_to(now - start)) paint_stroke(element, stroke, from);
      if (now - start > total_ms + rest_ms) on_end();
      else frame = requestAnimationFrame(draw);
    });
    return () => cancelAnimationFrame(frame);
  }, [strokes]);
  return (
    <canvas class="replaying" ref={canvas} width={width_px} height={height_px} aria-hidden="true" />
  );
}
