// The frame round the TV: four corners to drag, or to move with the arrow keys.
import { useRef } from "preact/hooks";
import { moved, scaled } from "./corners";
import type { Point, Quad } from "./quad";
import { useWords } from "./words";

const step = 0.005; // of what is shown; with shift, more
const big_step = 0.03;

const arrows: Partial<Record<string, Point>> = {
  ArrowLeft: { x: -1, y: 0 }, ArrowRight: { x: 1, y: 0 }, ArrowUp: { x: 0, y: -1 }, ArrowDown: { x: 0, y: 1 },
};

const outline = (quad: Quad): string => `M${quad.map(({ x, y }) => `${x} ${y}`).join("L")}Z`;

/** `found` is shown in place of `quad` while the edges are used that were found; `lay` null: not to be moved. */
export function Frame({ quad, found, lay }: { quad: Quad; found: Quad | null; lay: ((quad: Quad) => void) | null }) {
  const w = useWords();
  const place = useRef<HTMLDivElement>(null);
  const names = [w.corner_top_left, w.corner_top_right, w.corner_bottom_right, w.corner_bottom_left];
  const shown = found ?? quad;
  const drawn = outline(scaled(shown, 1000, 1000));
  const drag = (event: PointerEvent, corner: number) => {
    const box = place.current?.getBoundingClientRect();
    if (box === undefined || !(event.currentTarget as Element).hasPointerCapture(event.pointerId)) return;
    lay?.(moved(quad, corner, {
      x: (event.clientX - box.left) / box.width, y: (event.clientY - box.top) / box.height,
    }));
  };
  const press = (event: KeyboardEvent, corner: number) => {
    const way = arrows[event.key];
    if (way === undefined) return;
    event.preventDefault();
    const { x, y } = quad[corner] as Point;
    const by = event.shiftKey ? big_step : step;
    lay?.(moved(quad, corner, { x: x + way.x * by, y: y + way.y * by }));
  };
  return (
    <div class="corners" ref={place} role="group" aria-label={w.corners}>
      <svg viewBox="0 0 1000 1000" preserveAspectRatio="none" aria-hidden="true">
        <path class="around" fill-rule="evenodd" d={`M0 0H1000V1000H0Z${drawn}`} />
        <path class={`outline ${found === null ? "" : "found"}`} d={drawn} vector-effect="non-scaling-stroke" />
      </svg>
      {lay !== null && names.map((name, corner) => (
        <button
          key={name} type="button" class="corner" aria-label={name}
          style={{ left: `${100 * (shown[corner]?.x ?? 0)}%`, top: `${100 * (shown[corner]?.y ?? 0)}%` }}
          onPointerDown={(event) => event.currentTarget.setPointerCapture(event.pointerId)}
          onPointerMove={(event) => drag(event, corner)}
          onKeyDown={(event) => press(event, corner)}
        />
      ))}
    </div>
  );
}
