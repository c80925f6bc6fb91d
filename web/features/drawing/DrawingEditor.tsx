// The paper that one draws on, with mouse, finger or pen, and its tools.
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { useTexts, type Texts } from "../../lib/i18n";
import { Icon, type IconName } from "../../ui/Icon";
import {
  cleared, fullness, Hand, height_px, nearly_full, redo, strokes_of, undo, width_px, with_stroke, type Drawing,
  type Pen,
} from "./model";
import { fit, paint, paint_stroke } from "./paint";

// A palm that comes down beside the pen is not a finger that draws.
const palm_ms = 800;

interface Props {
  drawing: Drawing;
  locked: boolean;
  /** Whether it was asked for just now, rather than found with a draft. */
  asked: boolean;
  on_change: (drawing: Drawing) => void;
  on_remove: () => void;
}

export function DrawingEditor({ drawing, locked, asked, on_change, on_remove }: Props) {
  const t = useTexts();
  const [pen, set_pen] = useState<Pen>(2);
  const [eraser, set_eraser] = useState(false);
  const [said, set_said] = useState("");
  const strokes = strokes_of(drawing);
  const full = fullness(strokes);

  function change(next: Drawing, say: (count: number) => string) {
    if (locked || next === drawing) return;
    on_change(next);
    set_said(say(strokes_of(next).length));
  }
  const take_back = () => change(undo(drawing), t.drawing.undone);
  const do_again = () => change(redo(drawing), t.drawing.redone);
  function key(event: KeyboardEvent) {
    if (!(event.ctrlKey || event.metaKey) || event.altKey) return;
    const letter = event.key.toLowerCase();
    if (letter === "z" && !event.shiftKey) take_back();
    else if (letter === "y" || letter === "z") do_again();
    else return;
    event.preventDefault();
  }
  return (
    <div class="drawing-editor" role="group" aria-label={t.drawing.paper} onKeyDown={key}>
      <Paper
        drawing={drawing} pen={pen} eraser={eraser} locked={locked} asked={asked}
        on_change={(next) => change(next, t.drawing.drawn)}
      />
      <div class="inkbar" role="group" aria-label={t.drawing.tools}>
        {([[1, t.drawing.fine], [2, t.drawing.medium], [3, t.drawing.broad]] as const).map(
          ([width, name]) => (
            <button
              key={width} type="button" class={`btn btn-icon nib nib-${width}`} aria-label={name} title={name}
              aria-pressed={pen === width} onClick={() => set_pen(width)}
            />
          ))}
        <Tool icon="erase" name={t.drawing.eraser} pressed={eraser} run={() => set_eraser(!eraser)} />
        <span class="sep" aria-hidden="true" />
        <Tool icon="undo" name={t.drawing.undo} off={drawing.done.length === 0} run={take_back} />
        <Tool icon="redo" name={t.drawing.redo} off={drawing.undone.length === 0} run={do_again} />
        <Tool
          icon="trash" name={t.drawing.clear} off={strokes.length === 0}
          run={() => change(cleared(drawing), () => t.drawing.cleared)}
        />
        <span class="grow" />
        <Tool icon="close" name={t.drawing.remove} run={on_remove} />
      </div>
      <p class="vh" role="status">{said}</p>
      {full >= nearly_full && (
        <p class="hint paper-full" role="status">{full_text(full, t)}</p>
      )}
    </div>
  );
}

function full_text(full: number, t: Texts): string {
  // The last point that did not fit leaves a little room.
  return full > 0.998 ? t.drawing.full : t.drawing.nearly_full(Math.floor(full * 100));
}

interface ToolProps {
  icon: IconName;
  name: string;
  run: () => void;
  pressed?: boolean;
  off?: boolean;
}

// What cannot be used now stays where it is for the keyboard: aria-disabled, not disabled.
function Tool({ icon, name, run, pressed, off }: ToolProps) {
  return (
    <button
      type="button" class="btn btn-icon" aria-label={name} title={name} aria-pressed={pressed}
      aria-disabled={off} onClick={() => off !== true && run()}
    >
      <Icon name={icon} />
    </button>
  );
}

interface PaperProps {
  drawing: Drawing;
  pen: Pen;
  eraser: boolean;
  locked: boolean;
  asked: boolean;
  on_change: (drawing: Drawing) => void;
}

function Paper(props: PaperProps) {
  const t = useTexts();
  const canvas = useRef<HTMLCanvasElement>(null);
  const latest = useRef(props);
  latest.current = props;
  const strokes = strokes_of(props.drawing);

  useLayoutEffect(() => {
    const element = canvas.current as HTMLCanvasElement;
    fit(element);
    paint(element, strokes_of(props.drawing));
  }, [props.drawing]);
  useEffect(() => {
    const element = canvas.current as HTMLCanvasElement;
    const observer = new ResizeObserver(() => {
      if (fit(element)) paint(element, strokes_of(latest.current.drawing));
    });
    observer.observe(element);
    if (props.asked) {
      element.focus({ preventScroll: true });
      element.scrollIntoView({ block: "nearest" });
    }
    const end = listen(element, latest);
    return () => {
      observer.disconnect();
      end();
    };
  }, []);
  return (
    <div class="paper">
      <canvas
        ref={canvas} role="img" tabIndex={0} aria-label={t.drawing.paper_state(strokes.length)}
        width={width_px} height={height_px}
      />
      {strokes.length === 0 && <span class="paper-hint" aria-hidden="true">{t.drawing.hint}</span>}
    </div>
  );
}

// Follows one pointer from its coming down to its going up. What it draws shows at once; the
// drawing changes when the stroke ends, however it ends.
function listen(canvas: HTMLCanvasElement, latest: { current: PaperProps }): () => void {
  let hand: Hand | null = null;
  let pointer = -1;
  let pen_seen_ms = -Infinity;
  let last_end_ms = -1;

  function add(event: PointerEvent): boolean {
    const box = canvas.getBoundingClientRect();
    const coalesced = event.getCoalescedEvents?.() ?? [];
    const from = (hand as Hand).stroke.points.length / 3;
    const room = (coalesced.length > 0 ? coalesced : [event]).every((one) =>
      (hand as Hand).add(
        ((one.clientX - box.left) / box.width) * width_px,
        ((one.clientY - box.top) / box.height) * height_px, one.timeStamp));
    const { stroke } = hand as Hand;
    if (stroke.points.length / 3 > from) paint_stroke(canvas, stroke, from);
    return room;
  }
  function end(event: PointerEvent) {
    if (hand === null || event.pointerId !== pointer) return;
    const { stroke } = hand;
    hand = null;
    last_end_ms = event.timeStamp;
    const { drawing, on_change } = latest.current;
    on_change(with_stroke(drawing, stroke));
  }
  function move(event: PointerEvent) {
    if (event.pointerType === "pen") pen_seen_ms = event.timeStamp;
    if (hand === null || event.pointerId !== pointer) return;
    if (!add(event)) end(event);
  }
  function down(event: PointerEvent) {
    if (event.pointerType === "pen") pen_seen_ms = event.timeStamp;
    const palm = event.pointerType === "touch" && event.timeStamp - pen_seen_ms < palm_ms;
    const { drawing, pen, eraser, locked } = latest.current;
    // The pen's other end is button 5.
    const erases = eraser || event.button === 5;
    if (hand !== null || palm || locked || (event.button !== 0 && event.button !== 5)) return;
    const strokes = strokes_of(drawing);
    const before_ms = strokes.length === 0 || last_end_ms < 0 ? event.timeStamp : last_end_ms;
    hand = new Hand(strokes, pen, erases, before_ms);
    pointer = event.pointerId;
    canvas.setPointerCapture(pointer);
    if (!add(event)) end(event);
  }
  const listeners = {
    pointerdown: down, pointermove: move, pointerup: end, pointercancel: end, lostpointercapture: end,
  };
  for (const [name, listener] of Object.entries(listeners)) {
    canvas.addEventListener(name, listener as EventListener);
  }
  return () => {
    for (const [name, listener] of Object.entries(listeners)) {
      canvas.removeEventListener(name, listener as EventListener);
    }
  };
}
