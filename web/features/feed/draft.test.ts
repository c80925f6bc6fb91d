// Goal: a draft survives, and a retry of the same text has the same key.
import assert from "node:assert/strict";
import test from "node:test";
import { load_draft, save_draft, with_key } from "./draft";

const kept = new Map<string, string>();
Object.defineProperty(globalThis, "localStorage", { configurable: true, value: {
  getItem: (key: string) => kept.get(key) ?? null,
  setItem: (key: string, value: string) => void kept.set(key, value),
  removeItem: (key: string) => void kept.delete(key),
} });

test("a draft is kept for its account, for a week", () => {
  const draft = { text: "half a tho", key_text: "", key: "" };
  assert.ok(save_draft("7", draft, 1000));
  assert.deepEqual(load_draft("7", 2000), draft);
  assert.equal(load_draft("8", 2000).text, "");
  assert.equal(load_draft("7", 1001 + 7 * 24 * 3600 * 1000).text, "");
  save_draft("7", { ...draft, text: "" }, 3000);
  assert.equal(kept.size, 0);
  kept.set("matsuri-draft-7", "{not json");
  assert.equal(load_draft("7", 0).text, "");
});

test("the key belongs to the text", () => {
  let made = 0;
  const make = () => `k${++made}`;
  const first = with_key({ text: "a", key_text: "", key: "" }, "a", make);
  assert.equal(with_key(first, "a", make).key, "k1");
  assert.equal(with_key(first, "b", make).key, "k2");
});
