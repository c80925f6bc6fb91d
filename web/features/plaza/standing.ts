// Where people stand: in rows, the newest in front, in parts of a place of 430 by 176.
import type { Author } from "../../../sdk/ts/src/index";

const width = 430;
const height = 176;
const front_size = 88;

export interface Standing {
  person: Author;
  feeling: number;
  /** In percent of the place: from its left and top, and of its width. */
  left: number;
  top: number;
  size: number;
  hops: boolean;
  /** Of a hop, so that not all hop at once. */
  delay_s: number;
}

/** The rows, the last in front; people come newest first. */
export function rows_of(people: readonly Author[]): Standing[][] {
  const count = people.length;
  const rows = count >= 8 ? 3 : count >= 4 ? 2 : 1;
  const front = rows === 1 ? count : Math.round(count * (rows === 2 ? 0.54 : 0.3));
  const middle = rows === 3 ? Math.round(count * 0.34) : 0;
  const cuts = rows === 1 ? [0, count] : rows === 2 ? [0, front, count] : [0, front, front + middle, count];
  return cuts.slice(1).map((end, row) =>
    stand(people.slice(cuts[row], end), rows === 1 ? 1 : 1 - row / (rows - 1))).reverse();
}

// `near` is 1 in front and 0 at the back.
function stand(people: readonly Author[], near: number): Standing[] {
  const size = front_size * (0.66 + 0.34 * near);
  const span = Math.min(width * (0.86 + 0.1 * near) - size, (people.length - 1) * size * 0.86);
  const base = height - size * 0.98 - (1 - near) * height * 0.3;
  return people.map((person, at) => {
    // The same person stands, looks and hops alike wherever they are.
    const own = parseInt(person.id.slice(-7), 10) + parseInt(person.face.slice(-4), 16);
    const shift = (own % 16) / 15 - 0.5;
    const along = people.length === 1 ? 0.5 : at / (people.length - 1);
    const x = width / 2 - size / 2 + (along - 0.5) * span + shift * 5;
    // A figure has air above its head.
    const y = base - 0.07 * size - Math.sin(along * Math.PI) * 7 * (1 - near) + shift * 7;
    const mood = (own >> 4) % 8;
    return {
      person, feeling: mood === 1 || mood === 2 ? mood : 0,
      left: (100 * x) / width, top: (100 * y) / height, size: (100 * size) / width,
      hops: near === 1 && mood === 0, delay_s: (own % 97) / 30,
    };
  });
}
