// Numbers inside of sentences, for all that speak English and Japanese, and as people type them.
const plural = new Intl.PluralRules("en");

export const number_en = new Intl.NumberFormat("en");
export const number_ja = new Intl.NumberFormat("ja");

/** The noun alone: "post", or "posts". */
export const noun_en = (n: number, one: string, other: string): string => (plural.select(n) === "one" ? one : other);

/** "1 post", "1,234 posts". */
export const count_en = (n: number, one: string, other: string): string =>
  `${number_en.format(n)} ${noun_en(n, one, other)}`;

/** What somebody typed, where it is a whole number from 1 to `max`. */
export function whole_number(text: string, max: number): number | null {
  const digits = text.trim().replace(/[,\s]/g, "");
  const number = /^[0-9]{1,16}$/.test(digits) ? Number(digits) : 0;
  return number >= 1 && number <= max ? number : null;
}
