// What things are called on the page, and where a player is shown.
import { name_in } from "../../lib/names";
import { language_store } from "../../lib/prefs";
import { useStore } from "../../lib/store";
import type { PlayedTitle } from "./entries";
import { useWords } from "./words";

export const support_address = (who: string): string =>
  who === "" ? "/support" : `/support?who=${encodeURIComponent(who)}`;

/** The name of a title, in the reader's language. */
export function useTitleName(): (title: PlayedTitle) => string {
  const w = useWords();
  const language = useStore(language_store);
  return ({ id, names }) => (names === null ? w.title_unknown(id) : name_in(names, language).text);
}
