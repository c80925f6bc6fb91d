// Theme and language of this device, to be changed and followed.
import {
  apply_theme, chosen_language, chosen_theme, language_key, theme_key, type Language, type Theme,
} from "./chosen";
import { keep, kept } from "./storage";
import { Store } from "./store";

export const theme_store = new Store<Theme>("system");
export const language_store = new Store<Language>("en");

const still_key = "matsuri-still";
/** Whether what moves by itself is to hold still. */
export const still_store = new Store(false);

export function start_prefs(): void {
  theme_store.set(chosen_theme());
  language_store.set(chosen_language());
  still_store.set(kept(still_key) !== null);
  apply_theme(theme_store.get());
  document.documentElement.lang = language_store.get();
}

export function set_theme(theme: Theme): void {
  keep(theme_key, theme === "system" ? null : theme);
  apply_theme(theme);
  theme_store.set(theme);
}

export function set_language(language: Language): void {
  keep(language_key, language);
  document.documentElement.lang = language;
  language_store.set(language);
}

export function set_still(still: boolean): void {
  keep(still_key, still ? "yes" : null);
  still_store.set(still);
}
