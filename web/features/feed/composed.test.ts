// Goal: what goes out is what the API takes, and what cannot go out is known before.
import assert from "node:assert/strict";
import test from "node:test";
import { drawing_of, no_drawing, type Stroke } from "../drawing/model";
import { composed, wrong_with } from "./composed";
import { no_draft } from "./draft";

const stroke: Stroke = { pen: 1, eraser: false, points: [40, 40, 0, 80, 80, 16] };

test("only what is said goes out, and clean", () => {
  assert.deepEqual(composed({ ...no_draft, text: "  hi\t\r\n" }, no_drawing, "en"), { text: "hi", language: "en" });
  assert.deepEqual(
    composed({ ...no_draft, feeling: 2, spoiler: true, tag: " a\nb " }, drawing_of([stroke]), "en"),
    { drawing: { strokes: [stroke] }, feeling: 2, spoiler: true, tag: "a b" });
});

test("limits are known at and one past them", () => {
  assert.equal(wrong_with({ ...no_draft, text: " \n" }, no_drawing), "empty");
  assert.equal(wrong_with({ ...no_draft, text: "a".repeat(280), tag: "b".repeat(50) }, no_drawing), null);
  assert.equal(wrong_with({ ...no_draft, text: "a".repeat(281) }, no_drawing), "too_long");
  assert.equal(wrong_with({ ...no_draft, text: "a", tag: "b".repeat(51) }, no_drawing), "tag");
  assert.equal(wrong_with(no_draft, drawing_of([stroke])), null);
  assert.equal(wrong_with(no_draft, drawing_of([{ ...stroke, eraser: true }])), "blank");
});
