// A list that is read page by page, and grows at its end only.
import type { Failure, Post, Reply } from "../../../sdk/ts/src/index";
import { Store } from "../../lib/store";
import { changed, follow_changes } from "./lists";

export interface PagerState<T> {
  status: "loading" | "ready" | "failed";
  failure: Failure | null;
  items: T[];
  next: string | null;
  older: "idle" | "loading" | "failed";
}

export interface ItemPage<T> {
  items: T[];
  next: string | null;
}

export class Pager<T extends { id: string }> {
  readonly state = new Store<PagerState<T>>(
    { status: "loading", failure: null, items: [], next: null, older: "idle" });
  private reading = 0;

  constructor(private readonly fetch_page: (cursor?: string) => Promise<Reply<ItemPage<T>>>) {}

  async read(): Promise<void> {
    const reading = ++this.reading;
    const reply = await this.fetch_page();
    if (reading !== this.reading) return;
    if (!reply.ok) {
      const { items, older } = this.state.get();
      return this.change({
        status: items.length > 0 ? "ready" : "failed", failure: reply.failure,
        older: older === "loading" ? "failed" : older, // This reading took its place.
      });
    }
    this.change({ status: "ready", failure: null, older: "idle", ...reply.value });
  }

  async retry(): Promise<void> {
    if (this.state.get().items.length === 0) this.change({ status: "loading", failure: null });
    await this.read();
  }

  async load_older(): Promise<void> {
    const { next, older } = this.state.get();
    if (next === null || older === "loading") return;
    this.change({ older: "loading" });
    const reading = this.reading;
    const reply = await this.fetch_page(next);
    if (reading !== this.reading) return;
    // A ranking that the server has forgotten: its end is nowhere any more, a new one has a top.
    if (!reply.ok && reply.failure.code === "conflict") return this.read();
    if (!reply.ok) return this.change({ older: "failed" });
    const { items } = this.state.get();
    const known = new Set(items.map((item) => item.id));
    const more = reply.value.items.filter((item) => !known.has(item.id));
    this.change({ older: "idle", next: reply.value.next, items: [...items, ...more] });
  }

  /** Puts an item at the end, where the end is what is shown. */
  append(item: T): void {
    const { items, next, status } = this.state.get();
    if (status !== "ready" || next !== null || items.some((one) => one.id === item.id)) return;
    this.change({ items: [...items, item] });
  }

  set_items(items: T[]): void {
    if (items !== this.state.get().items) this.change({ items });
  }

  private change(part: Partial<PagerState<T>>): void {
    this.state.set({ ...this.state.get(), ...part });
  }
}

/** Lets what happens to posts elsewhere happen in this list too; returns what ends it. */
export function keep_current(pager: Pager<Post>): () => void {
  return follow_changes((change) => pager.set_items(changed(pager.state.get().items, change)));
}
