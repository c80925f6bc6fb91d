// Days as the lists of popular posts count them: by UTC, as the server does.

const day_ms = 24 * 3600 * 1000;

/** "2026-11-25" */
export function day_of(time_ms: number): string {
  return new Date(time_ms).toISOString().slice(0, 10);
}

export function day_after(day: string, days: number): string {
  return day_of(Date.parse(`${day}T00:00:00Z`) + days * day_ms);
}

export function is_last_day(day: string, now_ms: number): boolean {
  return day >= day_of(now_ms);
}
