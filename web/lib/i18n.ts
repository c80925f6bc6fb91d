// The texts of the page in the language of the moment.
import { en } from "./en";
import { ja } from "./ja";
import type { Language } from "./chosen";
import { language_store } from "./prefs";
import { useStore } from "./store";

export type Texts = typeof en;

export const all_texts: Record<Language, Texts> = { en, ja };

export function texts(): Texts {
  return all_texts[language_store.get()];
}

/** The texts, drawn again when the language changes. */
export function useTexts(): Texts {
  return all_texts[useStore(language_store)];
}
