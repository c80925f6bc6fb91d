// What a composer sends, out of what is in it.
import type { PostContent } from "../../../sdk/ts/src/index";
import { clean_post_text, clean_tag, code_point_count, language_of, post_text_left, tag_max } from "../../lib/text";
import { nothing_to_see } from "../drawing/ink";
import { strokes_of, type Drawing } from "../drawing/model";
import type { Draft } from "./draft";

export type Wrong = "empty" | "too_long" | "blank" | "black" | "tag";

/** What would be sent; the language is that of the page where the text does not tell. */
export function composed(draft: Draft, drawing: Drawing, page_language: string): PostContent {
  const text = clean_post_text(draft.text);
  const strokes = strokes_of(drawing);
  const tag = clean_tag(draft.tag);
  const language = text === "" ? undefined : language_of(text, page_language);
  return {
    ...(text === "" ? {} : { text }),
    ...(strokes.length === 0 ? {} : { drawing: { strokes } }),
    ...(draft.feeling === 0 ? {} : { feeling: draft.feeling }),
    ...(draft.spoiler ? { spoiler: true } : {}),
    ...(tag === "" ? {} : { tag }),
    ...(language === undefined ? {} : { language }),
  };
}

/** Why it cannot be sent, as far as that is known here. */
export function wrong_with(draft: Draft, drawing: Drawing): Wrong | null {
  if (post_text_left(draft.text) < 0) return "too_long";
  if (code_point_count(clean_tag(draft.tag)) > tag_max) return "tag";
  const strokes = strokes_of(drawing);
  if (strokes.length === 0) return clean_post_text(draft.text) === "" ? "empty" : null;
  return nothing_to_see(strokes);
}
