// Goal: each way that points come and go has words of its own, in both languages.
import assert from "node:assert/strict";
import test from "node:test";
import { all_texts } from "../../lib/i18n";
import { what_became, what_happened } from "./words";

const hold = "hold:0199d1a0-0000-7000-8000-000000000001.shop";

test("a posting says where points came from and what they went to", () => {
  const said = (amount: number, other: string) => what_happened({ amount, with: other }, all_texts.en);
  assert.equal(said(100, "campaign:summer"), "Received from summer");
  assert.equal(said(-30, "spend:shop"), "Spent on shop");
  assert.equal(said(-20, hold), "Held for shop");
  assert.equal(said(20, hold), "Returned by shop");
  assert.equal(said(0, "spend:shop"), "shop took what was held");
  assert.equal(said(5, "something"), "something");
});

test("in Japanese, too", () => {
  const said = [[100, "campaign:夏"], [-1, "spend:shop"], [-1, hold], [1, hold], [0, "spend:shop"]]
    .map(([amount, other]) => what_happened({ amount: Number(amount), with: String(other) }, all_texts.ja));
  assert.equal(new Set(said).size, 5);
});

test("a check-in says what became of it, and why", () => {
  assert.equal(what_became({ status: "pending", reason: null }, all_texts.en), "on its way");
  assert.equal(what_became({ status: "void", reason: "too_many_tickets" }, all_texts.en),
    "not granted: too many tickets");
  assert.notEqual(what_became({ status: "granted", reason: null }, all_texts.ja),
    what_became({ status: "budget_exhausted", reason: null }, all_texts.ja));
});
