// The text one is writing, kept on this device until it is posted. With it goes the idempotency
// key of the last try, so that a post whose answer got lost is not there twice.
import { new_key } from "../../lib/key";
import { keep, kept } from "../../lib/storage";

export interface Draft {
  text: string;
  /** The text that `key` was made for; a changed text gets a new key. */
  key_text: string;
  key: string;
}

const kept_ms = 7 * 24 * 3600 * 1000;
const name_of = (account: string): string => `matsuri-draft-${account}`;
const none: Draft = { text: "", key_text: "", key: "" };

export function load_draft(account: string, now_ms: number): Draft {
  try {
    const value = JSON.parse(kept(name_of(account)) ?? "null") as
      | (Draft & { saved_ms: number }) | null;
    if (value === null || now_ms - value.saved_ms > kept_ms) return none;
    return { text: value.text, key_text: value.key_text, key: value.key };
  } catch {
    return none;
  }
}

/** False where this browser keeps nothing. */
export function save_draft(account: string, draft: Draft, now_ms: number): boolean {
  const empty = draft.text === "";
  return keep(name_of(account), empty ? null : JSON.stringify({ ...draft, saved_ms: now_ms }));
}

/** The draft with the key to send `text` with: the same one for the same text. */
export function with_key(draft: Draft, text: string, make: () => string = new_key): Draft {
  if (draft.key !== "" && draft.key_text === text) return draft;
  return { ...draft, key_text: text, key: make() };
}
