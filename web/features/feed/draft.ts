// What one is writing, kept on this device until it is posted. With it goes the idempotency key of
// the last try, so that a post whose answer got lost is not there twice. A drawing is kept beside
// it (features/drawing/keeping.ts): it changes at another pace, and is larger.
import { new_key } from "../../lib/key";
import { keep, kept, kept_names } from "../../lib/storage";

/** What is written and has to be made only once. */
export interface Keyed {
  /** The mark of the content that `key` was made for; another content gets a new key. */
  key_of: string;
  key: string;
}

export interface Draft extends Keyed {
  text: string;
  feeling: number;
  spoiler: boolean;
  tag: string;
}

export const no_draft: Draft = { text: "", feeling: 0, spoiler: false, tag: "", key_of: "", key: "" };

const kept_ms = 7 * 24 * 3600 * 1000;
const prefix = "matsuri-draft-";
const drawing_prefix = "matsuri-drawing-";
const name_of = (account: string, place: string): string => `${prefix}${account}-${place}`;

/** The name under which the drawing of a draft is kept. */
export const drawing_name = (account: string, place: string): string =>
  `${drawing_prefix}${account}-${place}`;

function read(name: string, now_ms: number): object | null {
  try {
    const value = JSON.parse(kept(name) ?? "null") as { saved_ms: number } | null;
    if (value === null || !(now_ms - value.saved_ms <= kept_ms)) return null;
    const { saved_ms: _, ...draft } = value;
    return draft;
  } catch {
    return null;
  }
}

/** What is kept of a place, over what is there without it. */
export function load_kept<T extends object>(account: string, place: string, empty: T, now_ms: number): T {
  return { ...empty, ...read(name_of(account, place), now_ms) };
}

/** Keeps it, or forgets it where it is null. False where this browser keeps nothing. */
export function save_kept(
  account: string, place: string, draft: object | null, now_ms: number,
): boolean {
  return keep(name_of(account, place),
    draft === null ? null : JSON.stringify({ ...draft, saved_ms: now_ms }));
}

export function load_draft(account: string, place: string, now_ms: number): Draft {
  return load_kept(account, place, no_draft, now_ms);
}

/** False where this browser keeps nothing. */
export function save_draft(
  account: string, place: string, draft: Draft, has_drawing: boolean, now_ms: number,
): boolean {
  const empty = draft.text === "" && draft.tag === "" && !has_drawing;
  return save_kept(account, place, empty ? null : draft, now_ms);
}

/** Lets drafts go that nobody came back to, with their drawings. */
export function sweep_drafts(now_ms: number): void {
  for (const name of kept_names()) {
    const draft = name.startsWith(prefix) ? name
      : name.startsWith(drawing_prefix) ? prefix + name.slice(drawing_prefix.length) : null;
    if (draft !== null && read(draft, now_ms) === null) keep(name, null);
  }
}

/** The draft with the key to send `content` with: the same one for the same content. */
export function with_key<T extends Keyed>(draft: T, content: unknown, make: () => string = new_key): T {
  const key_of = mark_of(JSON.stringify(content));
  if (draft.key !== "" && draft.key_of === key_of) return draft;
  return { ...draft, key_of, key: make() };
}

// Tells contents apart without keeping them a second time: two 32-bit FNV-1a hashes.
function mark_of(text: string): string {
  let a = 0x811c9dc5;
  let b = 0x1000193;
  for (let at = 0; at < text.length; ++at) {
    a = Math.imul(a ^ text.charCodeAt(at), 0x01000193);
    b = Math.imul(b ^ text.charCodeAt(at), 0x01000197);
  }
  return `${text.length}-${(a >>> 0).toString(16)}-${(b >>> 0).toString(16)}`;
}
