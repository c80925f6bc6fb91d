// The rules for what people write, as the server has them, so that the page can say so at once.

export const post_text_max = 280;
export const name_max = 40;
export const label_max = 40;
export const handle_min = 3;
export const handle_max = 20;
export const password_min = 8;
export const password_max = 128;

/** Code points, not UTF-16 units: an emoji outside the first plane is one. */
export function code_point_count(text: string): number {
  let count = 0;
  for (const _ of text) ++count;
  return count;
}

/** The text as it will be sent: NFC, no control characters but the line feed, no white ends. */
export function clean_post_text(text: string): string {
  return text
    .replace(/\r\n?/g, "\n")
    .replace(/\t/g, " ")
    .replace(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/g, "")
    .normalize("NFC")
    .trim();
}

/** How many code points are left for a post; negative where it is too long. */
export function post_text_left(text: string): number {
  return post_text_max - code_point_count(clean_post_text(text));
}

export function clean_name(text: string): string {
  return text.normalize("NFC").trim();
}

export function handle_is_good(handle: string): boolean {
  return /^[a-z][a-z0-9_]{2,19}$/.test(handle);
}

/**
 * The language of a post where the text itself tells: kana are Japanese. Nothing where it does
 * not; a wrong mark is worse than none, because glyphs and voices are chosen by it.
 */
export function language_of(text: string, page_language: string): string | undefined {
  if (/[\u3041-\u30ff\uff66-\uff9f]/.test(text)) return "ja";
  if (page_language === "en" && /[a-z]/i.test(text) && !/[^\u0000-\u024f\u2000-\u206f]/.test(text)) {
    return "en";
  }
  return undefined;
}

export const tag_max = 50;
export const bio_max = 160;

/** One line, as it will be sent. */
export function clean_tag(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f-\u009f]+/g, " ").normalize("NFC").trim();
}
