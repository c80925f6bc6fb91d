// Days, moments and stretches of time as people read them, by Intl.

/** A day of the report, which belongs to no zone any more. */
export const date_of = (day: string, language: string): string =>
  new Intl.DateTimeFormat(language, { dateStyle: "medium", timeZone: "UTC" }).format(Date.parse(day));

/** A moment by the reader's own clock. */
export const moment_of = (unix_ms: number, language: string): string =>
  new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "short" }).format(unix_ms);

/** "1:02:03": hours, minutes, seconds. */
export function stretch_of(ms: number): string {
  const seconds = Math.round(ms / 1000);
  const two = (n: number) => String(n).padStart(2, "0");
  return `${Math.floor(seconds / 3600)}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
}
