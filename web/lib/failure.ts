// A failure as a sentence, and what it leaves open.
import type { Failure } from "../../sdk/ts/src/index";
import type { Texts } from "./i18n";

export function failure_text(failure: Failure, t: Texts): string {
  switch (failure.code) {
    case "unreachable": return t.failure.unreachable;
    case "busy": case "io": return t.failure.busy;
    case "exhausted": return t.failure.exhausted(failure.retry_after_s ?? 1);
    case "denied": return t.failure.denied;
    case "not_found": return t.failure.not_found;
    case "unauthenticated": return t.failure.logged_out;
    default: return t.failure.other(failure.detail);
  }
}

/** Whether nobody knows what became of what was sent: only the same may be sent again. */
export const may_have_arrived = ({ code }: Failure): boolean => ["unreachable", "busy", "io"].includes(code);
