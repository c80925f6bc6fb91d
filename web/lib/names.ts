// Names that a thing has in several languages.
import type { Names } from "../../sdk/ts/src/index";

export interface Named {
  text: string;
  language: string;
}

/** The name in the reader's language, or in the next best one, with the language it is in. */
export function name_in(names: Names, language: string): Named {
  for (const one of [language, "en", "ja", ...Object.keys(names)]) {
    const text = names[one];
    if (text !== undefined && text !== "") return { text, language: one };
  }
  return { text: "", language };
}
