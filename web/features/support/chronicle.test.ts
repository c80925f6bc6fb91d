// Goal: whatever sources bring, in whatever pages, the list is newest first, has no holes above its
// end, loses nothing and doubles nothing; and one that fails holds nobody up.
// Method: many small worlds of random sources, read to the end page by page, against plain sorting.
import assert from "node:assert/strict";
import test from "node:test";
import type { Reply } from "../../../sdk/ts/src/index";
import { Chronicle, first_open, merged, type Source, type SourcePage, type Track, type View } from "./chronicle";

interface Item { id: string; at: number; kind: string }

const all: View<Item> = { of: () => true, has: () => true };
const page = (items: Item[], next: string | null): Reply<SourcePage<Item>> =>
  ({ ok: true, stale: false, value: { items, next } });
const failure: Reply<SourcePage<Item>> =
  { ok: false, failure: { code: "busy", status: 503, detail: "later" } };

class Shelf implements Source<Item> {
  reads = 0;
  broken = false;

  constructor(readonly name: string, readonly items: Item[], readonly page_size: number) {}

  readonly read = async (before?: string): Promise<Reply<SourcePage<Item>>> => {
    ++this.reads;
    await Promise.resolve();
    if (this.broken) return failure;
    const from = before === undefined ? 0 : Number(before);
    const to = from + this.page_size;
    return page(this.items.slice(from, to), to < this.items.length ? String(to) : null);
  };
}

// A small generator of one's own: the same worlds every time.
function random_of(seed: number): (below: number) => number {
  let state = seed * 2654435761 + 1;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

function world(seed: number): Shelf[] {
  const random = random_of(seed);
  return Array.from({ length: 1 + random(4) }, (_, shelf) => {
    // Few moments, so that many things happen at the same one.
    const items = Array.from({ length: random(30) }, (_unused, n) =>
      ({ id: `${shelf}-${n}`, at: random(12), kind: random(2) === 0 ? "a" : "b" }));
    items.sort((a, b) => b.at - a.at);
    return new Shelf(`s${shelf}`, items, 1 + random(5));
  });
}

const sorted = (shelves: Shelf[]): Item[] => shelves.flatMap(({ items }) => items).sort((a, b) => b.at - a.at);

test("what is shown is always the beginning of the whole, and in the end all of it", async () => {
  for (let seed = 0; seed < 400; ++seed) {
    const shelves = world(seed);
    const whole = sorted(shelves);
    const chronicle = new Chronicle(shelves);
    const check = () => {
      const shown = chronicle.shown(all);
      assert.deepEqual(shown, whole.slice(0, shown.length), `seed ${seed}`);
      return shown.length;
    };
    chronicle.tracks.follow(check);
    while (chronicle.goes_on(all)) {
      const before = check();
      await chronicle.more(all, 4);
      assert.ok(check() >= before + 4 || !chronicle.goes_on(all), `seed ${seed}`);
    }
    assert.equal(check(), whole.length, `seed ${seed}`);
  }
});

test("a view waits for its own sources only, and is the beginning of what it lets through", async () => {
  for (let seed = 0; seed < 200; ++seed) {
    const shelves = world(seed);
    const chronicle = new Chronicle(shelves);
    const view: View<Item> = { of: (name) => name === "s0", has: ({ kind }) => kind === "a" };
    while (chronicle.goes_on(view)) await chronicle.more(view, 3);
    assert.deepEqual(chronicle.shown(view), sorted(shelves.slice(0, 1)).filter(view.has), `seed ${seed}`);
    for (const other of shelves.slice(1)) assert.equal(other.reads, 0);
  }
});

test("one that fails holds nobody up, and comes in when it is back", async () => {
  for (let seed = 0; seed < 200; ++seed) {
    const shelves = world(seed);
    const [first, ...others] = shelves as [Shelf, ...Shelf[]];
    const chronicle = new Chronicle(shelves);
    if (seed % 2 === 0) await chronicle.more(all, 5);
    first.broken = true;
    while (chronicle.goes_on(all)) await chronicle.more(all, 5);
    const read = chronicle.tracks.get()[0] as Track<Item>;
    const missing = read.failure !== null;
    assert.deepEqual(chronicle.shown(all),
      [...first.items.slice(0, read.items.length), ...sorted(others)].sort((a, b) => b.at - a.at), `seed ${seed}`);
    if (!missing) continue;
    await chronicle.retry("s0", all);
    assert.notEqual(chronicle.tracks.get()[0]?.failure, null);
    first.broken = false;
    const before = chronicle.shown(all).length;
    await chronicle.retry("s0", all);
    assert.ok(chronicle.shown(all).length >= Math.min(before, sorted(shelves).length), `seed ${seed}`);
    while (chronicle.goes_on(all)) await chronicle.more(all, 5);
    assert.deepEqual(chronicle.shown(all), sorted(shelves), `seed ${seed}`);
  }
});

test("a clock that was set back, a page that overlaps, and an empty one", async () => {
  const pages = [
    page([{ id: "1", at: 50, kind: "a" }, { id: "2", at: 70, kind: "a" }], "x"),
    page([], "y"),
    page([{ id: "2", at: 70, kind: "a" }, { id: "3", at: 10, kind: "a" }], null),
  ];
  const chronicle = new Chronicle<Item>([
    { name: "odd", read: async () => pages.shift() ?? failure },
    new Shelf("s1", [{ id: "4", at: 60, kind: "a" }, { id: "5", at: 20, kind: "a" }], 10),
  ]);
  await chronicle.more(all, 10);
  assert.deepEqual(chronicle.shown(all).map(({ id }) => id), ["4", "1", "2", "5", "3"]);
  assert.deepEqual(chronicle.shown(all).map(({ at }) => at), [60, 50, 50, 20, 10]);
});

test("one wish reads so far at most", async () => {
  const shelf = new Shelf("s0", Array.from({ length: 500 }, (_, n) => ({ id: String(n), at: 500 - n, kind: "a" })), 5);
  const chronicle = new Chronicle([shelf]);
  const rare: View<Item> = { of: () => true, has: ({ kind }) => kind === "b" };
  await chronicle.more(rare, 1);
  assert.equal(shelf.reads, 21);
  assert.ok(chronicle.goes_on(rare));
});

test("a source that looked far and found little says how far, and the others are shown down to there", async () => {
  const looked = [[90, "a"], [40, "b"], [0, null]] as const;
  let at = 0;
  const chronicle = new Chronicle<Item>([
    new Shelf("s0", [95, 80, 60, 40, 20].map((time) => ({ id: String(time), at: time, kind: "a" })), 10),
    {
      name: "far",
      read: async () => {
        const [read_to_ms, next] = looked[at++] ?? [0, null];
        return { ok: true, stale: false, value: { items: [], next, read_to_ms } };
      },
    },
  ]);
  const times = () => chronicle.shown(all).map((item) => item.at);
  await chronicle.more(all, 1);
  assert.deepEqual(times(), [95]);
  await chronicle.more(all, 1);
  // What stands in an earlier source comes first, so that what may yet come changes nothing above it.
  assert.deepEqual(times(), [95, 80, 60, 40]);
  await chronicle.more(all, 1);
  assert.deepEqual(times(), [95, 80, 60, 40, 20]);
});

test("before the first page of one, nothing is shown", () => {
  const read: Track<Item> = { items: [{ id: "1", at: 5, kind: "a" }], next: null, end: 5, reading: false, failure: null };
  const unread: Track<Item> = { items: [], next: undefined, end: Infinity, reading: true, failure: null };
  assert.deepEqual(merged([read, unread]), []);
  assert.equal(first_open([read, unread]), 1);
  assert.equal(merged([read]).length, 1);
  assert.equal(first_open([read]), -1);
});
