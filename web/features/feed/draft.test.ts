// Goal: a draft survives, and a retry of the same content has the same key.
import assert from "node:assert/strict";
import test from "node:test";
import { load_drawing, save_drawing } from "../drawing/keeping";
import { no_drawing, with_stroke } from "../drawing/model";
import { drawing_name, load_draft, no_draft, save_draft, sweep_drafts, with_key } from "./draft";

const kept = new Map<string, string>();
let room = Infinity;
Object.defineProperty(globalThis, "localStorage", { configurable: true, value: {
  getItem: (key: string) => kept.get(key) ?? null,
  setItem: (key: string, value: string) => {
    if (value.length > room) throw new Error("full");
    kept.set(key, value);
  },
  removeItem: (key: string) => void kept.delete(key),
  key: (at: number) => [...kept.keys()][at] ?? null,
  get length() {
    return kept.size;
  },
} });
const week_ms = 7 * 24 * 3600 * 1000;
const drawing = with_stroke(no_drawing, { pen: 2, eraser: false, points: [4, 4, 0, 8, 8, 16] });

test("a draft is kept for its account and place, for a week", () => {
  kept.clear();
  const draft = { ...no_draft, text: "half a tho", feeling: 3, spoiler: true, tag: "ink" };
  assert.ok(save_draft("7", "c1", draft, false, 1000));
  assert.deepEqual(load_draft("7", "c1", 2000), draft);
  assert.equal(load_draft("8", "c1", 2000).text, "");
  assert.equal(load_draft("7", "p1", 2000).text, "");
  assert.equal(load_draft("7", "c1", 1001 + week_ms).text, "");
  save_draft("7", "c1", { ...draft, text: "", tag: "" }, false, 3000);
  assert.equal(kept.size, 0);
  for (const broken of ["{not json", "null", "{}"]) {
    kept.set("matsuri-draft-7-c1", broken);
    assert.equal(load_draft("7", "c1", 0).text, "", broken);
  }
});

test("a drawing is kept beside it, and goes with it", () => {
  kept.clear();
  save_draft("7", "c1", no_draft, true, 1000);
  save_drawing(drawing_name("7", "c1"), drawing);
  save_drawing(drawing_name("7", "p9"), drawing); // Its draft is gone.
  kept.set("matsuri-theme", "dark");
  sweep_drafts(2000);
  assert.deepEqual(load_drawing(drawing_name("7", "c1")), drawing);
  assert.deepEqual(load_drawing(drawing_name("7", "p9")), no_drawing);
  sweep_drafts(1001 + week_ms);
  assert.deepEqual([...kept.keys()], ["matsuri-theme"]);
});

test("where there is little room, the drawing stays and the way back goes", () => {
  kept.clear();
  const undone = { done: drawing.done, undone: [...drawing.done, ...drawing.done] };
  room = 100;
  assert.ok(save_drawing("d", undone));
  assert.deepEqual(load_drawing("d"), { ...undone, undone: [] });
  room = 10;
  assert.ok(!save_drawing("d", undone));
  room = Infinity;
});

test("the key belongs to the content", () => {
  let made = 0;
  const make = () => `k${++made}`;
  const first = with_key(no_draft, { text: "a", feeling: 1 }, make);
  assert.equal(with_key(first, { text: "a", feeling: 1 }, make).key, "k1");
  assert.equal(with_key(first, { text: "a", feeling: 2 }, make).key, "k2");
  assert.equal(with_key(first, { text: "b", feeling: 1 }, make).key, "k3");
});
