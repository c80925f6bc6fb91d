// Times as people say them, by Intl.
import { Store } from "./store";

const minute_ms = 60_000;
const hour_ms = 60 * minute_ms;
const day_ms = 24 * hour_ms;

/** "3 min. ago", "2 days ago", and a date from a week on. `just_now` is for the first minute. */
export function ago(time: string, now_ms: number, language: string, just_now: string): string {
  const at = Date.parse(time);
  const age = now_ms - at;
  // Clocks differ: a little ahead of ours is now.
  if (age < minute_ms) return just_now;
  const relative = new Intl.RelativeTimeFormat(language, { numeric: "always", style: "short" });
  if (age < hour_ms) return relative.format(-Math.floor(age / minute_ms), "minute");
  if (age < day_ms) return relative.format(-Math.floor(age / hour_ms), "hour");
  if (age < 7 * day_ms) return relative.format(-Math.floor(age / day_ms), "day");
  return new Intl.DateTimeFormat(language, { dateStyle: "medium" }).format(at);
}

/** The whole time, for those who want it exactly. */
export function full_time(time: string, language: string): string {
  return new Intl.DateTimeFormat(language, { dateStyle: "long", timeStyle: "short" })
    .format(Date.parse(time));
}

/** Now, every half minute: what shows an age follows it. */
export const now_store = new Store(Date.now());

export function start_clock(): void {
  setInterval(() => now_store.set(Date.now()), minute_ms / 2);
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) now_store.set(Date.now());
  });
}
