/**
 * What somebody wrote, inside a sentence of ours: so that neither turns the direction of the other.
 */
export function isolated(text: string): string {
  return `\u2068${text}\u2069`;
}
