// Goal: the first of the browser's languages that we speak is taken, unless another was chosen.
import assert from "node:assert/strict";
import test from "node:test";
import { chosen_language, chosen_theme, language_key, theme_key } from "./chosen";

const kept = new Map<string, string>();
Object.defineProperty(globalThis, "localStorage", { configurable: true, value: {
  getItem: (key: string) => kept.get(key) ?? null,
  setItem: (key: string, value: string) => void kept.set(key, value),
  removeItem: (key: string) => void kept.delete(key),
} });

test("language", () => {
  assert.equal(chosen_language(["fr-FR", "ja-JP", "en"]), "ja");
  assert.equal(chosen_language(["en-GB", "ja"]), "en");
  assert.equal(chosen_language(["fr"]), "en");
  kept.set(language_key, "ja");
  assert.equal(chosen_language(["en"]), "ja");
  kept.set(language_key, "tlh");
  assert.equal(chosen_language(["en"]), "en");
});

test("theme", () => {
  assert.equal(chosen_theme(), "system");
  kept.set(theme_key, "light");
  assert.equal(chosen_theme(), "light");
  kept.set(theme_key, "pink");
  assert.equal(chosen_theme(), "system");
});
