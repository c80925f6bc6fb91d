// The drawing one is at, kept on this device with every stroke, as the text beside it is.
import { keep, kept } from "../../lib/storage";
import { from_json, no_drawing, to_json, type Drawing } from "./model";

export function load_drawing(name: string): Drawing {
  return from_json(kept(name) ?? "") ?? no_drawing;
}

/** False where this browser keeps nothing, or not so much. */
export function save_drawing(name: string, drawing: Drawing): boolean {
  const empty = drawing.done.length === 0 && drawing.undone.length === 0;
  if (keep(name, empty ? null : to_json(drawing))) return true;
  // Full: what is seen matters more than the way back.
  return keep(name, to_json({ done: drawing.done, undone: [] }));
}
