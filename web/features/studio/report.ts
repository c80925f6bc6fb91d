// What the page makes of a report: days, shares, and the piles of a chart.

/** Of one report, as the server has it. */
export const day_count_max = 92;

const day_ms = 86_400_000;

/** The day so many days later, or earlier; days are written "2026-11-26". */
export const day_later = (day: string, count: number): string =>
  new Date(Date.parse(day) + count * day_ms).toISOString().slice(0, 10);

/** How many days there are, both ends among them. */
export const day_count = (from: string, to: string): number =>
  Math.round((Date.parse(to) - Date.parse(from)) / day_ms) + 1;

type WrongDays = "missing" | "order" | "long";
export function wrong_days(from: string, to: string): WrongDays | null {
  if (from === "" || to === "") return "missing";
  const count = day_count(from, to);
  if (count < 1) return "order";
  return count > day_count_max ? "long" : null;
}

/** A part of a whole, 0 to 1; null where one of the two is not known or there is no whole. */
export const share = (part: number | null, whole: number): number | null =>
  (part === null || whole === 0 ? null : part / whole);

/** How strongly a share is coloured: 0, and then 1 to 5. */
export const heat = (part: number): number => (part <= 0 ? 0 : Math.min(5, Math.ceil(part * 5)));

/** Each row with all before it added, as one draws a pile: the last has the sum of all. */
export function piled(rows: readonly (readonly number[])[]): number[][] {
  const piles: number[][] = [];
  for (const row of rows) {
    const below = piles[piles.length - 1];
    piles.push(row.map((value, at) => value + (below?.[at] ?? 0)));
  }
  return piles;
}

export const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);

/** The place of the largest; -1 where all are 0. */
export function largest_at(values: readonly number[]): number {
  const largest = Math.max(0, ...values);
  return largest === 0 ? -1 : values.indexOf(largest);
}
