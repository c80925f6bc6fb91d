// The posts of a community, or of the timeline, as this page shows them: a list that grows at both
// ends.
//
// The stream is opened before the list is read, so that nothing can fall between the two. What
// comes over both is kept once. Everything is bounded: a page that is left open through a
// festival's night must not grow for ever.
import type { Client, Counts, Failure, Post, PostPage, Reply } from "../../../sdk/ts/src/index";
import { Store } from "../../lib/store";
import {
  change_posts, changed, comment_came, follow_changes, follow_own, type Change,
} from "./lists";
import { Source, type Live } from "./source";

const page_count = 50;
const shown_max = 400;
const fresh_max = 100;
// New posts are drawn a few times a second, however many come.
const gather_ms = 200;
// The list is read all the same where the stream takes longer than this.
const stream_wait_ms = 1500;
// A list that could not be read is tried again, ever more slowly.
const retry_s_min = 2;
const retry_s_max = 60;

export interface FeedState {
  status: "loading" | "ready" | "failed";
  failure: Failure | null;
  posts: Post[];
  next: string | null;
  /** New posts that wait above, newest first, because the reader has scrolled down. */
  fresh: Post[];
  fresh_overflow: boolean;
  older: "idle" | "loading" | "failed";
  live: Live;
  stale: boolean;
  /** How many posts came in last, for those who listen. */
  arrived: number;
}

const empty: FeedState = {
  status: "loading", failure: null, posts: [], next: null, fresh: [], fresh_overflow: false,
  older: "idle", live: "connecting", stale: false, arrived: 0,
};

/** Whose posts a feed shows. */
export type Place = { community: string } | { topic: "timeline" };

// Ids are decimal numbers too large for `number`; longer is larger.
export function id_is_newer(a: string, b: string): boolean {
  return a.length === b.length ? a > b : a.length > b.length;
}

/** Both lists as one, newest first, each post once. */
export function merged(a: readonly Post[], b: readonly Post[]): Post[] {
  const by_id = new Map<string, Post>();
  for (const post of a) by_id.set(post.id, post);
  for (const post of b) by_id.set(post.id, post);
  return [...by_id.values()].sort((x, y) => (id_is_newer(x.id, y.id) ? -1 : 1));
}

export class Feed extends Source {
  readonly state = new Store<FeedState>(empty);
  /** Called where the connection is gone, and again for each try that fails. */
  on_lost: () => void = () => {};
  /** Says whether the reader is at the top, where new posts may come in by themselves. */
  at_top: () => boolean = () => true;

  private unfollow: () => void = () => {};
  private readonly hidden_authors = new Set<string>();
  private gathered: Post[] = [];
  private readonly counted = new Map<string, Counts>();
  private gather_timer: ReturnType<typeof setTimeout> | null = null;
  private wait_timer: ReturnType<typeof setTimeout> | null = null;
  private retry_timer: ReturnType<typeof setTimeout> | null = null;
  private failed_reads = 0;
  private reading = 0;

  constructor(private readonly client: Client, readonly place: Place) {
    super();
  }

  get name(): string {
    return "topic" in this.place ? this.place.topic : this.place.community;
  }

  start(): void {
    if (this.stream !== null) return;
    const unfollow = [
      follow_changes((change) => this.apply(change)),
      follow_own((post) => this.is_of_here(post) && this.add_own(post)),
    ];
    this.unfollow = () => unfollow.forEach((end) => end());
    this.change({ live: "connecting" });
    this.stream = this.client.stream(this.place, {
      ...this.of_everybody(),
      open: (resumed) => {
        this.change({ live: "live" });
        if (!resumed) return void this.read_list();
        void this.catch_up();
        this.on_resumed();
      },
      reset: () => void this.read_list(true),
      post: (post) => this.take(post),
      counts: (counts) => {
        this.counted.set(counts.post, counts);
        this.gather_timer ??= setTimeout(() => this.show_gathered(), gather_ms);
      },
      lost: () => {
        this.change({ live: "lost" });
        this.on_lost();
      },
    });
    this.wait_timer = setTimeout(() => {
      if (this.state.get().status === "loading") void this.read_list();
    }, stream_wait_ms);
  }

  override stop(): void {
    super.stop();
    this.unfollow();
    if (this.wait_timer !== null) clearTimeout(this.wait_timer);
    if (this.retry_timer !== null) clearTimeout(this.retry_timer);
    this.failed_reads = 0;
    ++this.reading; // What is being read is for nobody any more.
    if (this.gather_timer !== null) clearTimeout(this.gather_timer);
    this.gather_timer = null;
    this.gathered = [];
    this.counted.clear();
  }

  restart(): void {
    this.stop();
    this.hidden_authors.clear();
    this.state.set(empty);
    this.start();
  }

  known(id: string): Post | null {
    return this.state.get().posts.find((post) => post.id === id) ?? null;
  }

  retry(): void {
    this.change({ status: this.state.get().posts.length > 0 ? "ready" : "loading", failure: null });
    this.stream?.resume();
    void this.read_list();
  }

  async load_older(): Promise<void> {
    const { next, older } = this.state.get();
    if (next === null || older === "loading") return;
    this.change({ older: "loading" });
    const reading = this.reading;
    const reply = await this.read_page(next);
    if (reading !== this.reading) return; // The list was read anew, from the top.
    if (!reply.ok) return this.change({ older: "failed" });
    const { posts } = this.state.get();
    this.change({
      older: "idle", next: reply.value.next, posts: merged(posts, this.visible(reply.value.posts)),
    });
  }

  show_fresh(): void {
    const { fresh, fresh_overflow, posts } = this.state.get();
    this.change({ fresh: [], fresh_overflow: false });
    if (fresh_overflow) return void this.read_list();
    this.change({ posts: merged(fresh, posts) });
    this.trim();
  }

  /** One's own post, as the server answered it. The stream brings it again. */
  add_own(post: Post): void {
    this.change({ posts: merged([post], this.state.get().posts), status: "ready", stale: false });
  }

  hide_author(account: string, hide: boolean): void {
    if (hide) {
      this.hidden_authors.add(account);
      this.apply((post) => (post.author.id === account ? null : post));
    } else {
      this.hidden_authors.delete(account);
      void this.read_list();
    }
  }

  private apply(change: Change): void {
    const { posts, fresh } = this.state.get();
    const now = { posts: changed(posts, change), fresh: changed(fresh, change) };
    if (now.posts !== posts || now.fresh !== fresh) this.change(now);
    this.gathered = changed(this.gathered, change);
  }

  private change(part: Partial<FeedState>): void {
    this.state.set({ ...this.state.get(), ...part });
  }

  private visible(posts: readonly Post[]): Post[] {
    return posts.filter((post) => !this.hidden_authors.has(post.author.id));
  }

  private is_of_here(post: Post): boolean {
    return "topic" in this.place || post.community === this.place.community;
  }

  private read_page(before?: string): Promise<Reply<PostPage>> {
    const page = { limit: page_count, ...(before === undefined ? {} : { before }) };
    const { posts } = this.client;
    return "topic" in this.place ? posts.timeline(page) : posts.list(this.place.community, page);
  }

  // `anew`: what is shown already may belong here no more.
  private async read_list(anew = false): Promise<void> {
    const reading = ++this.reading;
    if (this.retry_timer !== null) clearTimeout(this.retry_timer);
    const old = new Set(anew ? this.state.get().posts.map((post) => post.id) : []);
    const reply = await this.read_page();
    if (reading !== this.reading) return;
    if (!reply.ok) {
      const failed = this.state.get().posts.length === 0;
      const wait_s = Math.max(reply.failure.retry_after_s ?? 0, retry_s_min * 2 ** this.failed_reads++);
      this.retry_timer = setTimeout(
        () => void this.read_list(anew), 1000 * Math.min(wait_s, retry_s_max));
      return this.change({ failure: reply.failure, status: failed ? "failed" : "ready" });
    }
    this.failed_reads = 0;
    // What the stream brought while the list was read is newer than the list.
    const newest = reply.value.posts[0]?.id;
    const since = this.state.get().posts.filter((post) =>
      !old.has(post.id) && (newest === undefined || id_is_newer(post.id, newest)));
    this.change({
      status: "ready", failure: null, posts: merged(this.visible(reply.value.posts), since),
      next: reply.value.next, older: "idle", fresh: [], fresh_overflow: false, stale: reply.stale,
    });
  }

  // The stream keeps posts for those who were away, and no counts.
  private async catch_up(): Promise<void> {
    const reply = await this.read_page();
    if (!reply.ok) return;
    for (const { id, empathy_count, comment_count } of reply.value.posts) {
      this.counted.set(id, { post: id, empathy_count, comment_count });
    }
    this.show_counts();
  }

  private take(post: Post): void {
    this.on_post(post);
    if (this.hidden_authors.has(post.author.id)) return;
    if (post.parent != null) comment_came(post);
    else if (this.is_of_here(post)) this.gather(post);
  }

  private gather(post: Post): void {
    this.gathered.push(post);
    // More than would be shown: the oldest of them are in the list.
    if (this.gathered.length > 2 * fresh_max) this.gathered.shift();
    this.gather_timer ??= setTimeout(() => this.show_gathered(), gather_ms);
  }

  private show_counts(): void {
    if (this.counted.size === 0) return;
    const counted = new Map(this.counted);
    this.counted.clear();
    change_posts((post) => {
      const counts = counted.get(post.id);
      if (counts === undefined) return post;
      const { empathy_count, comment_count } = counts;
      return { ...post, empathy_count, comment_count };
    });
  }

  private show_gathered(): void {
    this.gather_timer = null;
    this.show_counts();
    const { posts, fresh } = this.state.get();
    const shown = new Set(posts.map((post) => post.id));
    const all = merged(this.gathered.filter((post) => !shown.has(post.id)), fresh);
    this.gathered = [];
    const arrived = all.length - fresh.length;
    if (arrived <= 0) return;
    if (!this.at_top() || this.state.get().fresh_overflow) {
      const over = all.length > fresh_max;
      return this.change({
        fresh: all.slice(0, fresh_max), arrived,
        fresh_overflow: this.state.get().fresh_overflow || over,
      });
    }
    this.change({ posts: merged(all, posts), fresh: [], arrived, stale: false, status: "ready" });
    this.trim();
  }

  // The cursor is opaque, so the list cannot be cut at any place: it is read anew instead.
  private trim(): void {
    if (this.state.get().posts.length > shown_max && this.at_top()) void this.reread();
  }

  private async reread(): Promise<void> {
    this.change({ posts: this.state.get().posts.slice(0, page_count), next: null });
    await this.read_list();
  }
}
