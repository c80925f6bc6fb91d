// A browser's name for itself, as people would say it. A guess; the whole string is shown on demand.
import type { Texts } from "./i18n";

const browsers: [RegExp, string][] = [
  [/\bEdgA?\//, "Edge"], [/\bOPR\//, "Opera"], [/\bFirefox\/|\bFxiOS\//, "Firefox"],
  [/\bCriOS\/|\bChrom(e|ium)\/|\bHeadlessChrome\//, "Chrome"], [/\bSafari\//, "Safari"],
  [/^curl\//, "curl"],
];
const systems: [RegExp, string][] = [
  [/iPhone|iPad/, "iOS"], [/Android/, "Android"], [/Windows/, "Windows"], [/Mac OS X/, "macOS"],
  [/CrOS/, "ChromeOS"], [/Linux/, "Linux"],
];

export function device_of(user_agent: string): { browser?: string; system?: string } {
  const browser = browsers.find(([pattern]) => pattern.test(user_agent))?.[1];
  const system = systems.find(([pattern]) => pattern.test(user_agent))?.[1];
  return { ...(browser ? { browser } : {}), ...(system ? { system } : {}) };
}

/** What somebody is at, in words; `unknown` where the browser says nothing. */
export function device_text(user_agent: string, t: Texts, unknown = t.settings.unknown_device): string {
  const { browser, system } = device_of(user_agent);
  if (browser && system) return t.settings.device(browser, system);
  return browser ?? system ?? (user_agent || unknown);
}
