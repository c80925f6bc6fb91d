import assert from "node:assert/strict";
import { test } from "node:test";
import { whole_number } from "./counted";

test("a whole number is read as people write it, and nothing else is", () => {
  for (const [text, number] of [["1", 1], [" 12,000 ", 12_000], ["12 000", 12_000], ["50000", 50_000], ["007", 7]] as const) {
    assert.equal(whole_number(text, 50_000), number, text);
  }
  for (const text of ["", "0", "50001", "-1", "1.5", "1e3", "ten", "１２", "12345678901234567"]) {
    assert.equal(whole_number(text, 50_000), null, text);
  }
});
