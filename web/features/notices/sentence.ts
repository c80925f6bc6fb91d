// A grouped notification as a sentence: who, by Intl, and what they did.
import type { Notice } from "../../../sdk/ts/src/index";
import type { Texts } from "../../lib/i18n";
import { isolated } from "../../lib/isolate";

export interface Part {
  text: string;
  /** A name, to be set apart. */
  name: boolean;
}

/** Mio, Gen and 12 others */
export function who(notice: Pick<Notice, "people" | "people_count">, language: string, t: Texts): Part[] {
  const shown = notice.people.map((person) => person.name);
  const others = Math.max(0, notice.people_count - shown.length);
  const items = [
    ...shown.map((name) => t.notices.person(isolated(name))),
    ...(others > 0 ? [t.notices.others(others)] : []),
  ];
  const list = new Intl.ListFormat(language, { type: "conjunction", style: "long" });
  let at = 0;
  return list.formatToParts(items).map(({ type, value }) =>
    ({ text: value, name: type === "element" && at++ < shown.length }));
}

/** The whole sentence, in parts. */
export function sentence(notice: Notice, language: string, t: Texts): Part[] {
  const mark = "\u0000";
  const drawn = notice.post !== null && notice.post.text === "";
  const text = notice.kind === "follow" ? t.notices.follow(mark)
    : notice.kind === "thread" ? t.notices.thread(mark)
      : notice.kind === "comment" ? (drawn ? t.notices.comment_drawing(mark) : t.notices.comment(mark))
        : drawn ? t.notices.empathy_drawing(mark) : t.notices.empathy(mark);
  const [before = "", after = ""] = text.split(mark);
  return [{ text: before, name: false }, ...who(notice, language, t), { text: after, name: false }]
    .filter((part) => part.text !== "");
}
