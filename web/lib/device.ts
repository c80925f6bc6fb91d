// A browser's name for itself, as people would say it. A guess; the whole string is shown on demand.
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
