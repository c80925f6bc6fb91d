// Strokes on a canvas. The paper is the canvas' background, so an eraser takes ink away.
import { pen_width, width_px, type Stroke } from "./model";

/** Fits the canvas' pixels to those of the screen; false where they fitted before. */
export function fit(canvas: HTMLCanvasElement): boolean {
  const box = canvas.getBoundingClientRect();
  const width = Math.max(1, Math.round(box.width * devicePixelRatio));
  const height = Math.max(1, Math.round(box.height * devicePixelRatio));
  if (canvas.width === width && canvas.height === height) return false;
  canvas.width = width;
  canvas.height = height;
  return true;
}

function prepared(canvas: HTMLCanvasElement): CanvasRenderingContext2D | null {
  const context = canvas.getContext("2d");
  if (context === null) return null;
  const scale = canvas.width / width_px / 4;
  context.setTransform(scale, 0, 0, scale, 0, 0);
  context.lineCap = "round";
  context.lineJoin = "round";
  context.strokeStyle = getComputedStyle(canvas).color;
  return context;
}

/** Draws a stroke from its point number `from` on, which is joined to the one before it. */
export function paint_stroke(canvas: HTMLCanvasElement, stroke: Stroke, from = 0): void {
  const context = prepared(canvas);
  const { points } = stroke;
  const start = Math.max(0, from - 1) * 3;
  if (context === null || points.length <= start) return;
  context.globalCompositeOperation = stroke.eraser ? "destination-out" : "source-over";
  context.lineWidth = 4 * pen_width[stroke.pen];
  context.beginPath();
  context.moveTo(points[start] as number, points[start + 1] as number);
  // A line of no length has round ends too, but not in every browser.
  if (points.length === start + 3) {
    context.lineTo((points[start] as number) + 0.01, points[start + 1] as number);
  }
  for (let at = start + 3; at < points.length; at += 3) {
    context.lineTo(points[at] as number, points[at + 1] as number);
  }
  context.stroke();
}

export function paint(canvas: HTMLCanvasElement, strokes: readonly Stroke[]): void {
  const context = canvas.getContext("2d");
  if (context === null) return;
  context.setTransform(1, 0, 0, 1, 0, 0);
  context.clearRect(0, 0, canvas.width, canvas.height);
  for (const stroke of strokes) paint_stroke(canvas, stroke);
}
