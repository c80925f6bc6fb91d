// Goal: nobody meets a text that is missing in their language.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import test from "node:test";
import { words as checkin } from "../features/checkin/words";
import { words } from "../features/play/words";
import { broadcast_words } from "../features/studio/broadcast_words";
import { studio_words } from "../features/studio/words";
import { words as support } from "../features/support/words";
import { all_texts } from "./i18n";

type Leaf = string | ((...args: never[]) => string);
function leaves(node: object, path = ""): Map<string, Leaf> {
  const found = new Map<string, Leaf>();
  for (const [key, value] of Object.entries(node) as [string, Leaf | object][]) {
    if (typeof value === "object") {
      for (const [below, leaf] of leaves(value, `${path}${key}.`)) found.set(below, leaf);
    } else found.set(path + key, value);
  }
  return found;
}

// Values that show whether a text uses what it is given.
const samples: unknown[] = ["\u2780", "\u2781", "\u2782"];
function said(leaf: Leaf): string {
  return typeof leaf === "string" ? leaf : (leaf as (...args: unknown[]) => string)(...samples);
}

// The page's own texts, and those of parts that come later.
const texts_in = (language: "en" | "ja") => [
  ...leaves(all_texts[language]), ...leaves(words[language], "words."), ...leaves(support[language], "support."),
  ...leaves(checkin[language], "checkin_page."), ...leaves(studio_words[language], "studio."),
  ...leaves(broadcast_words[language], "broadcast_page."),
];
const en = new Map(texts_in("en"));
const ja = new Map(texts_in("ja"));

test("both languages have the same texts, none is empty, none glues code into words", () => {
  assert.deepEqual([...en.keys()].sort(), [...ja.keys()].sort());
  for (const [key, leaf] of [...en, ...ja]) {
    const text = said(leaf);
    assert.notEqual(text.trim(), "", key);
    assert.doesNotMatch(text, /undefined|\[object/, key);
  }
  for (const [key, leaf] of en) {
    assert.equal(typeof leaf, typeof ja.get(key), key);
    if (typeof leaf === "function") assert.equal(leaf.length, ja.get(key)?.length, key);
  }
});

function sources_in(folder: string): string {
  return readdirSync(folder, { withFileTypes: true }).map((entry) => {
    const full = `${folder}/${entry.name}`;
    if (entry.isDirectory()) return sources_in(full);
    return /\.tsx?$/.test(entry.name) ? readFileSync(full, "utf8") : "";
  }).join("\n");
}

test("every text is used", () => {
  const sources = ["app", "features", "lib", "ui"].map(sources_in).join("\n");
  for (const key of en.keys()) {
    const named = key.replace(/^(words|support|checkin_page|broadcast_page)\./, "w.").replace(/^studio\./, "s.").replace(".", "\\.");
    assert.match(sources, new RegExp(`\\b${named}\\b`), key);
  }
});

test("Japanese is Japanese, but for names", () => {
  for (const [key, leaf] of ja) {
    assert.match(said(leaf), /[\u3041-\u30ff\u4e00-\u9fff]/, key);
  }
});

test("English counts one and many", () => {
  assert.equal(all_texts.en.feed.fresh(1), "1 new post");
  assert.equal(all_texts.en.feed.fresh(1200), "1,200 new posts");
  assert.equal(all_texts.ja.feed.fresh(1200), "新しい投稿 1,200件");
});
