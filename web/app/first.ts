// Runs before the first paint, so that nobody sees the wrong theme or language flash by.
import { apply_theme, chosen_language, chosen_theme } from "../lib/chosen";

apply_theme(chosen_theme());
// The API reference is written in English only.
if (document.documentElement.dataset["fixedLang"] === undefined) {
  document.documentElement.lang = chosen_language();
}
