// One list out of several that are each read page by page: newest first, and without holes. What is
// shown reaches down to where the first of them has not been read any further. One that fails holds
// nobody up: the others go on, and the page says whose part is missing.
import type { Failure, Reply } from "../../../sdk/ts/src/index";
import { Store } from "../../lib/store";

export interface Timed {
  id: string;
  at: number;
}

export interface SourcePage<T> {
  items: T[];
  next: string | null;
  /** All that is newer has been told; where it is not said, the last item is as far as one has read. */
  read_to_ms?: number | undefined;
  as_of_ms?: number | undefined;
}

export interface Source<T> {
  name: string;
  read: (before?: string) => Promise<Reply<SourcePage<T>>>;
}

/** How far one source has been read. */
export interface Track<T> {
  /** Newest first, `at` never growing: a clock that was set back does not break the order. */
  items: readonly T[];
  /** Where it goes on; null at its end, undefined before its first page. */
  next: string | null | undefined;
  /** All that is newer is in `items`. */
  end: number;
  reading: boolean;
  failure: Failure | null;
  as_of_ms?: number | undefined;
}

/** A part of the list: some of the sources, and some of what they have. */
export interface View<T> {
  of: (source: string) => boolean;
  has: (item: T) => boolean;
}

// How many pages of one source are read for one wish at most: what is rare may be far away.
const page_count_max = 20;

const is_open = <T>({ next, failure }: Track<T>): boolean => next !== null && failure === null;

/** The open track whose unread part begins first; -1 where there is none. */
export function first_open<T>(tracks: readonly Track<T>[]): number {
  return tracks.reduce((first, track, index) => {
    if (!is_open(track)) return first;
    return track.end > (tracks[first]?.end ?? -Infinity) || first < 0 ? index : first;
  }, -1);
}

/** What may be shown of the tracks. Of one moment, what stands in an earlier track comes first. */
export function merged<T extends Timed>(tracks: readonly Track<T>[]): T[] {
  const first = first_open(tracks);
  const end = tracks[first]?.end ?? -Infinity;
  return tracks
    .flatMap(({ items }, index) => items.filter(({ at }) => at > end || (at === end && index <= first)))
    .sort((a, b) => b.at - a.at); // Sorting keeps the order of equals.
}

export class Chronicle<T extends Timed> {
  readonly tracks: Store<readonly Track<T>[]>;
  private last: Promise<void> = Promise.resolve();

  constructor(readonly sources: readonly Source<T>[]) {
    this.tracks = new Store(sources.map(() => (
      { items: [], next: undefined, end: Infinity, reading: false, failure: null })));
  }

  shown(view: View<T>): T[] {
    return merged(this.of(view).map(([, track]) => track)).filter(view.has);
  }

  /** Whether there may be more of the view than is shown. */
  goes_on(view: View<T>): boolean {
    return this.of(view).some(([, track]) => is_open(track));
  }

  /** Reads until `count` more of the view can be shown, or as far as one wish goes; one wish after the other. */
  more(view: View<T>, count: number): Promise<void> {
    this.last = this.last.then(() => this.run(view, count));
    return this.last;
  }

  /** Reads on with a source that failed. What was shown is shown again, with its part in it. */
  async retry(name: string, view: View<T>): Promise<void> {
    const index = this.sources.findIndex((source) => source.name === name);
    if (index < 0 || this.tracks.get()[index]?.reading !== false) return;
    const before = this.shown(view).length;
    await this.read(index);
    const missing = before - this.shown(view).length;
    if (missing > 0) await this.more(view, missing);
  }

  private async run(view: View<T>, count: number): Promise<void> {
    const goal = this.shown(view).length + count;
    // The first pages of all at once.
    await Promise.all(this.of(view).map(([index, { next, failure }]) =>
      next === undefined && failure === null ? this.read(index) : undefined));
    for (let page = 0; page < page_count_max && this.shown(view).length < goal; ++page) {
      const tracks = this.of(view);
      const first = tracks[first_open(tracks.map(([, track]) => track))];
      if (first === undefined) return;
      await this.read(first[0]);
    }
  }

  private of(view: View<T>): [number, Track<T>][] {
    return this.tracks.get().flatMap((track, index): [number, Track<T>][] =>
      view.of(this.sources[index]?.name ?? "") ? [[index, track]] : []);
  }

  private async read(index: number): Promise<void> {
    const source = this.sources[index];
    const track = this.tracks.get()[index];
    if (source === undefined || track === undefined || track.reading || track.next === null) return;
    this.change(index, { reading: true });
    const reply = await source.read(track.next);
    if (!reply.ok) return this.change(index, { reading: false, failure: reply.failure });
    const { next, as_of_ms, read_to_ms } = reply.value;
    const items = joined(track, reply.value.items);
    const end = Math.min(track.end, read_to_ms ?? items[items.length - 1]?.at ?? Infinity);
    this.change(index, { items, next, end, as_of_ms, reading: false, failure: null });
  }

  private change(index: number, part: Partial<Track<T>>): void {
    this.tracks.set(this.tracks.get().map((track, at) => (at === index ? { ...track, ...part } : track)));
  }
}

function joined<T extends Timed>({ items: before, end }: Track<T>, after: readonly T[]): T[] {
  const items = [...before];
  const known = new Set(before.map(({ id }) => id));
  for (const item of after) {
    if (known.has(item.id)) continue;
    known.add(item.id);
    const at = Math.min(item.at, items[items.length - 1]?.at ?? end, end);
    items.push(at === item.at ? item : { ...item, at });
  }
  return items;
}
