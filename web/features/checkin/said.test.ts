// Goal: what is said is so: what goes on by itself, what is kept, and what became of the points.
import assert from "node:assert/strict";
import test from "node:test";
import { all_texts } from "../../lib/i18n";
import type { Step, Why } from "./attempt";
import { settled_said, step_said, tone_of } from "./said";
import { words } from "./words";

const whys: readonly Why[] = [
  "busy", "unreachable", "wait", "hidden", "new_ticket", "few_pictures", "hold_still", "more_light", "step_closer",
  "no_match",
];
const said = (step: Step, next: string | null = null) => step_said({ step, found: null }, next, words.en, all_texts.en);
const again = (why: Why, at_ms: number | null, kept = false): Step => ({ is: "again", why, at_ms, kept });

test("what goes on by itself says so, and nothing else does", () => {
  for (const why of whys) {
    assert.match(said(again(why, 100)).text, /by itself|begins anew/, why);
    if (why !== "wait" && why !== "hidden") assert.doesNotMatch(said(again(why, null)).text, /itself|anew/, why);
    assert.equal(tone_of(again(why, 100)), "warn");
    assert.equal(tone_of(again(why, null)), "bad");
  }
});

test("a place is kept where it is", () => {
  for (const why of ["busy", "unreachable"] as const) {
    assert.match(said(again(why, 100, true)).text, /Your place is kept/);
    assert.doesNotMatch(said(again(why, 100)).text, /kept/);
    assert.doesNotMatch(said(again(why, null)).text, /kept/);
  }
});

test("the next window is named where there is one", () => {
  assert.match(said({ is: "closed", at_ms: 5 }, "21:00").text, /21:00/);
  assert.equal(said({ is: "closed", at_ms: null }, "21:00").text, words.en.closed_over);
  assert.equal(said({ is: "closed", at_ms: 5 }, null).text, words.en.closed_over);
});

test("points that did not come say why", () => {
  const all = [
    ...(["pending", "granted", "budget_exhausted"] as const)
      .map((status) => settled_said({ status, reason: null }, words.en)),
    ...(["too_many_attempts", "too_many_tickets", "no_campaign"] as const)
      .map((reason) => settled_said({ status: "void", reason }, words.en)),
  ];
  assert.equal(new Set(all).size, all.length);
});
