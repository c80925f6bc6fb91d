// The face of an account. Until people choose their own, it follows from the account's id, so that
// one person has one face everywhere.
import { avatar, stream } from "./faces";

const drawn = new Map<string, string>();
const drawn_max = 500;

function drawing(account: string): string {
  let svg = drawn.get(account);
  if (svg === undefined) {
    svg = avatar(stream(BigInt(account))(), 0);
    // A long evening shows many faces: start again rather than keep them all.
    if (drawn.size >= drawn_max) drawn.clear();
    drawn.set(account, svg);
  }
  return svg;
}

export function Face({ account }: { account: string }) {
  return <span class="av" aria-hidden="true" dangerouslySetInnerHTML={{ __html: drawing(account) }} />;
}
