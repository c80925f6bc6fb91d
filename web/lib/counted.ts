// Numbers inside of sentences, for all that speak English and Japanese.
const plural = new Intl.PluralRules("en");

export const number_en = new Intl.NumberFormat("en");
export const number_ja = new Intl.NumberFormat("ja");

/** The noun alone: "post", or "posts". */
export const noun_en = (n: number, one: string, other: string): string => (plural.select(n) === "one" ? one : other);

/** "1 post", "1,234 posts". */
export const count_en = (n: number, one: string, other: string): string =>
  `${number_en.format(n)} ${noun_en(n, one, other)}`;
