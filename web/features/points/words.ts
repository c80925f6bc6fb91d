// What a posting says, in words: where points came from, or what they went to.
import type { Checkin, Posting } from "../../../sdk/ts/src/index";
import type { Texts } from "../../lib/i18n";

export function what_happened(posting: Pick<Posting, "amount" | "with">, t: Texts): string {
  const colon = posting.with.indexOf(":");
  const kind = posting.with.slice(0, colon);
  const name = posting.with.slice(colon + 1);
  switch (kind) {
    case "campaign": return t.points.granted(name);
    case "spend": return posting.amount === 0 ? t.points.taken(name) : t.points.spent(name);
    case "hold": {
      // Its id ends with the sink that it is for.
      const sink = name.slice(name.lastIndexOf(".") + 1);
      return posting.amount > 0 ? t.points.returned(sink) : t.points.held_for(sink);
    }
    default: return posting.with;
  }
}

/** What became of a check-in, with the reason where there is one. */
export function what_became({ status, reason }: Pick<Checkin, "status" | "reason">, t: Texts): string {
  switch (status) {
    case "pending": return t.points.checkin_pending;
    case "granted": return t.points.checkin_granted;
    case "budget_exhausted": return t.points.checkin_exhausted;
    case "void": return t.points.checkin_void(why_void(reason, t));
  }
}

function why_void(reason: Checkin["reason"], t: Texts): string {
  switch (reason) {
    case "too_many_attempts": return t.points.void_attempts;
    case "too_many_tickets": return t.points.void_tickets;
    case "no_campaign": return t.points.void_campaign;
    default: return t.points.void_other;
  }
}
