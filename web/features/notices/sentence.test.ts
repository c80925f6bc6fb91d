// Goal: one, two or many people are named as each language does it, and names keep to themselves.
import assert from "node:assert/strict";
import test from "node:test";
import type { Author, Notice } from "../../../sdk/ts/src/index";
import { all_texts } from "../../lib/i18n";
import { sentence } from "./sentence";

const person = (name: string): Author => ({ id: name, handle: "abc", name, face: "0".repeat(16) });
const notice = (kind: Notice["kind"], names: string[], count: number, text: string | null = "a"): Notice => ({
  id: "1", kind, people: names.map(person), people_count: count, updated_at: "2026-11-25T00:00:00Z",
  unread: true, post: text === null ? null : { id: "2", text, community: "1" },
});
const said = (one: Notice, language: "en" | "ja"): string =>
  sentence(one, language, all_texts[language]).map((part) => part.text).join("")
    .replace(/[\u2068\u2069]/g, "");

test("sentences in English", () => {
  assert.equal(said(notice("empathy", ["Mio"], 1), "en"), "Mio felt the same about your post.");
  assert.equal(said(notice("empathy", ["Mio", "Gen"], 2, ""), "en"), "Mio and Gen felt the same about your drawing.");
  assert.equal(said(notice("follow", ["Mio", "Gen", "Saki"], 1203, null), "en"),
    "Mio, Gen, Saki, and 1,200 others started following you.");
  assert.equal(said(notice("thread", ["Mio", "Gen", "Saki"], 4), "en"),
    "Mio, Gen, Saki, and 1 other also commented where you did.");
});

test("sentences in Japanese", () => {
  assert.equal(said(notice("empathy", ["澪", "源"], 14), "ja"), "澪さん、源さん、ほか12人があなたの投稿に共感しました。");
  assert.equal(said(notice("comment", ["澪"], 1), "ja"), "澪さんがあなたの投稿にコメントしました。");
});

test("names are set apart and stay together with nothing else", () => {
  const parts = sentence(notice("comment", ["</b>", "and"], 9), "en", all_texts.en);
  assert.deepEqual(parts.filter((part) => part.name).map((part) => part.text), ["\u2068</b>\u2069", "\u2068and\u2069"]);
});
