// Goal: the page counts and cleans as the server does.
import assert from "node:assert/strict";
import test from "node:test";
import {
  clean_post_text, code_point_count, handle_is_good, language_of, post_text_left,
} from "./text";

test("code points are counted, after NFC, without white ends", () => {
  assert.equal(code_point_count("祭り🏮"), 3);
  assert.equal(post_text_left(""), 280);
  assert.equal(post_text_left("  a \n"), 279);
  assert.equal(post_text_left("か\u3099"), 279); // Becomes one.
  assert.equal(post_text_left("👩‍👩‍👧"), 275); // Clusters are not one.
  assert.equal(post_text_left("🏮".repeat(280)), 0);
  assert.equal(post_text_left("🏮".repeat(281)), -1);
});

test("control characters go, line feeds stay", () => {
  assert.equal(clean_post_text("a\r\nb\rc\td\u0000\u0085e\u007f"), "a\nb\nc de");
});

test("handles", () => {
  for (const good of ["abc", "a_1", "a".repeat(20)]) assert.ok(handle_is_good(good), good);
  for (const bad of ["ab", "1ab", "_ab", "Abc", "a b", "a-b", "a".repeat(21), "澪澪澪"]) {
    assert.ok(!handle_is_good(bad), bad);
  }
});

test("a language is only said where the text itself tells", () => {
  assert.equal(language_of("今日はいい風", "en"), "ja");
  assert.equal(language_of("ﾊﾝｶｸ", "en"), "ja");
  assert.equal(language_of("A fine day", "en"), "en");
  assert.equal(language_of("A fine day", "ja"), undefined);
  assert.equal(language_of("東京", "ja"), undefined); // May be Chinese.
  assert.equal(language_of("Добрый вечер", "en"), undefined);
  assert.equal(language_of("🏮", "en"), undefined);
});
