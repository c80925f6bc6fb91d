// Who is heard next under a lantern: two bubbles are up at a time, one on each side, and each new
// post has its turn first.
import type { Post } from "../../../sdk/ts/src/index";

export type Side = 0 | 1;

export interface Turns {
  /** Ids of what is up on the left and on the right. */
  up: readonly [string | null, string | null];
  /** The side that changed last. */
  last: Side;
  /** When and where each post was up last; those that are not here never were. */
  heard: ReadonlyMap<string, { turn: number; side: Side }>;
  turn: number;
}

export const no_turns: Turns = { up: [null, null], last: 1, heard: new Map(), turn: 0 };

// As many as are remembered, through a night of posts.
const heard_max = 64;

/** Whether the newest post waits, which was never up. */
export function waits(turns: Turns, posts: readonly Post[]): boolean {
  return posts[0] !== undefined && !turns.heard.has(posts[0].id);
}

function put(turns: Turns, side: Side, id: string): Turns {
  const up: [string | null, string | null] = [...turns.up];
  up[side] = id;
  const heard = new Map(turns.heard);
  heard.delete(id);
  heard.set(id, { turn: turns.turn, side });
  const oldest = heard.keys().next().value;
  if (heard.size > heard_max && oldest !== undefined) heard.delete(oldest);
  return { up, last: side, heard, turn: turns.turn + 1 };
}

const last_turn = (turns: Turns, id: string): number => turns.heard.get(id)?.turn ?? -1;

// Never heard before heard, the newest first; then whom one has not heard for the longest time.
function next_of(turns: Turns, posts: readonly Post[]): string | null {
  let best: string | null = null;
  for (const { id } of posts) {
    if (turns.up.includes(id)) continue;
    if (best === null || last_turn(turns, id) < last_turn(turns, best)) best = id;
  }
  return best;
}

/** After a change of the posts: what has gone is down, and a side that is empty is filled. */
export function settled(turns: Turns, posts: readonly Post[]): Turns {
  const ids = new Set(posts.map(({ id }) => id));
  let now = turns;
  for (const side of [0, 1] as const) {
    const id = now.up[side];
    if (id !== null && ids.has(id)) continue;
    const next = next_of(now, posts);
    if (next !== null) now = put(now, side, next);
    else if (id !== null) now = { ...now, up: side === 0 ? [null, now.up[1]] : [now.up[0], null] };
  }
  return now;
}

/** The side that has been up for longer makes room for the next. */
export function turned(turns: Turns, posts: readonly Post[]): Turns {
  const next = next_of(turns, posts);
  return next === null ? turns : put(turns, turns.last === 0 ? 1 : 0, next);
}

/** Puts one up at once, such as the one that has the focus. */
export function raised(turns: Turns, id: string): Turns {
  return turns.up.includes(id) ? turns : put(turns, turns.last === 0 ? 1 : 0, id);
}

/** The newest two, for those who want no turns. The same turns where they are up already. */
export function newest_up(turns: Turns, posts: readonly Post[]): Turns {
  const newest = posts.slice(0, 2).map(({ id }) => id);
  let now = turns;
  for (const side of [0, 1] as const) {
    if (newest.includes(now.up[side] ?? "")) continue;
    const next = newest.find((id) => !now.up.includes(id));
    if (next !== undefined) now = put(now, side, next);
  }
  return now;
}
