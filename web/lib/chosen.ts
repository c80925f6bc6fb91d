// What was chosen on this device. Apart from `prefs.ts`, because it runs before the first paint and
// must stay small.
import { kept } from "./storage";

export type Theme = "system" | "dark" | "light";
export type Language = "en" | "ja";

export const theme_key = "matsuri-theme";
export const language_key = "matsuri-language";

export function chosen_theme(): Theme {
  const value = kept(theme_key);
  return value === "dark" || value === "light" ? value : "system";
}

/** The language that was chosen, else the first of the browser's that we speak, else English. */
export function chosen_language(wanted: readonly string[] = navigator.languages): Language {
  const value = kept(language_key);
  if (value === "en" || value === "ja") return value;
  for (const tag of wanted) {
    const primary = tag.toLowerCase().split("-")[0];
    if (primary === "en" || primary === "ja") return primary;
  }
  return "en";
}

const bar_colours = { dark: "#12142b", light: "#f3ebda" };

export function apply_theme(theme: Theme): void {
  // The browser's own bar goes with the page; index.html has one colour for each of the device's.
  for (const meta of document.querySelectorAll<HTMLMetaElement>("meta[name=theme-color]")) {
    const of_device = meta.media.includes("light") ? "light" : "dark";
    meta.content = bar_colours[theme === "system" ? of_device : theme];
  }
  if (theme === "system") delete document.documentElement.dataset["theme"];
  else document.documentElement.dataset["theme"] = theme;
}
