// What a step of a try means to whoever holds the camera: a heading, and a sentence that helps.
import type { Checkin } from "../../../sdk/ts/src/index";
import { failure_text } from "../../lib/failure";
import type { Texts } from "../../lib/i18n";
import type { State, Step, Why } from "./attempt";
import type { Words } from "./words";

export interface Said {
  title: string;
  text: string;
  /** When it goes on by itself, on the camera's clock. */
  at_ms?: number | null;
}

function again_said(why: Why, at_ms: number | null, kept: boolean, w: Words): Said {
  const by_itself = at_ms !== null;
  switch (why) {
    case "busy": case "unreachable": return {
      title: why === "busy" ? w.busy_title : w.unreachable_title, at_ms,
      text: kept ? w.kept : by_itself ? w.not_kept : w.gave_up,
    };
    case "wait": return { title: w.wait_title, text: w.wait, at_ms };
    case "hidden": return { title: w.hidden_title, text: w.hidden };
    case "new_ticket": return { title: w.new_ticket_title, text: by_itself ? w.new_ticket : w.new_ticket_stop };
    case "few_pictures": return { title: w.few_title, text: by_itself ? w.few_again : w.few };
    case "hold_still": return { title: w.hold_still_title, text: by_itself ? w.by_hand : w.hold_still };
    case "more_light": return { title: w.more_light_title, text: by_itself ? w.by_hand : w.more_light };
    case "step_closer": return { title: w.step_closer_title, text: by_itself ? w.by_hand : w.step_closer };
    case "no_match": return { title: w.no_match_title, text: by_itself ? w.by_hand : w.no_match };
  }
}

/** `next`: the time of the next window, where there is one. */
export function step_said({ step }: State, next: string | null, w: Words, t: Texts): Said {
  switch (step.is) {
    case "aiming": return { title: w.aim_title, text: w.aim };
    case "looking": return { title: w.looking_title, text: w.looking };
    case "asking": return { title: w.asking_title, text: w.asking };
    case "ready": return { title: w.ready_title, text: w.ready, at_ms: step.at_ms };
    case "watching": return { title: w.watching_title, text: w.watching };
    case "sending": return { title: w.sending_title, text: w.sending };
    case "done": return { title: w.done_title, text: w.pending };
    case "again": return again_said(step.why, step.at_ms, step.kept, w);
    case "closed": return {
      title: w.closed_title, text: next === null || step.at_ms === null ? w.closed_over : w.closed_next(next),
    };
    case "spent": return { title: w.spent_title, text: w.spent };
    case "failed": return { title: w.failed_title, text: failure_text(step.failure, t) };
  }
}

/** How a step is coloured: a stop, a wait, or nothing special. */
export function tone_of(step: Step): "bad" | "warn" | "" {
  if (step.is === "failed" || step.is === "spent") return "bad";
  if (step.is === "closed") return "warn";
  if (step.is !== "again") return "";
  return step.at_ms === null ? "bad" : "warn";
}

/** What became of a check-in's points. */
export function settled_said({ status, reason }: Pick<Checkin, "status" | "reason">, w: Words): string {
  switch (status) {
    case "pending": return w.pending;
    case "granted": return w.granted;
    case "budget_exhausted": return w.budget_exhausted;
    case "void":
      if (reason === "too_many_attempts") return w.void_attempts;
      return reason === "too_many_tickets" ? w.void_tickets : w.void_other;
  }
}
