// The plaza as this page shows it: lanterns with the people under them and what they say.
//
// New posts come over the stream as they are written. Who is there and how many is read again once
// a minute: those numbers need not run.
import type {
  Author, Client, Failure, PlazaPost, PlazaTitle, Post,
} from "../../../sdk/ts/src/index";
import { Store } from "../../lib/store";
import { id_is_newer, merged } from "../feed/feed";
import { changed, follow_changes, follow_own, type Change } from "../feed/lists";
import { Source, type Live } from "../feed/source";

/** How many lanterns come with each step, and the most that the server tells of. */
const step_count = 6;
export const lanterns_max = 24;
const people_max = 20;
export const posts_max = 4;
// Those of the server and live ones; the newest of them are shown.
const kept_posts_max = 6;
const gather_ms = 250;
const stream_wait_ms = 1500;
const refresh_ms = 60_000;
const retry_s_min = 2;
const retry_s_max = 60;

export interface PlazaState {
  status: "loading" | "ready" | "failed";
  failure: Failure | null;
  lanterns: PlazaTitle[];
  people_count: number;
  titles_count: number;
  /** Walking on to more lanterns. */
  further: "idle" | "loading" | "failed";
  live: Live;
}

const empty: PlazaState = {
  status: "loading", failure: null, lanterns: [], people_count: 0, titles_count: 0, further: "idle",
  live: "connecting",
};

/** How bright each lantern is, from 0 to 1: as many people as gather there, beside the fullest. */
export function lit_of(lanterns: readonly PlazaTitle[], connected: boolean): number[] {
  const most = Math.max(1, ...lanterns.map((one) => one.people_count));
  return lanterns.map((one) => (connected ? 0.3 + 0.7 * (one.people_count / most) : 0));
}

/**
 * The lanterns as they hang after a new answer: those that hung stay in their places, so that
 * nothing jumps while somebody reads, and new ones come at the end.
 */
export function rehung(
  before: readonly PlazaTitle[], answer: readonly PlazaTitle[], held = false,
): PlazaTitle[] {
  const now = new Map(answer.map((one) => [one.title.id, one]));
  const kept = before.flatMap((old) => {
    const one = now.get(old.title.id);
    if (one === undefined) return [];
    now.delete(old.title.id);
    const posts = held ? left(one.posts, old.posts) : newest(one.posts, old.posts);
    return { ...one, people: stayed(old.people, one.people), posts };
  });
  return [...kept, ...now.values()];
}

// A crowd is drawn once: who is still there keeps their place, and newcomers take what is free.
function stayed(before: readonly Author[], now: readonly Author[]): Author[] {
  const here = new Map(now.map((person) => [person.id, person]));
  const places = before.map((person) => {
    const same = here.get(person.id);
    here.delete(person.id);
    return same;
  });
  const came = [...here.values()];
  const filled = places.map((person) => person ?? came.shift());
  return [...filled, ...came].filter((person) => person !== undefined).slice(0, people_max);
}

// What the stream brought since is newer than the answer; what is older and not in it has gone.
function newest(answer: readonly Post[], known: readonly Post[]): Post[] {
  const all = merged(answer, known);
  const since = answer[0] === undefined ? all.length : all.findIndex((post) => post.id === answer[0]?.id);
  return [...all.slice(0, since), ...answer].slice(0, kept_posts_max);
}

// Of what is held still, what has not gone: an answer has the newest ones, and tells nothing of others.
function left(answer: readonly Post[], known: readonly Post[]): Post[] {
  const oldest = answer.length < kept_posts_max ? undefined : answer.at(-1);
  return known.filter(({ id }) => answer.some((post) => post.id === id)
    || (oldest !== undefined && id_is_newer(oldest.id, id)));
}

export class Plaza extends Source {
  readonly name = "plaza";
  readonly state = new Store<PlazaState>(empty);

  private unfollow: () => void = () => {};
  private readonly hidden_authors = new Set<string>();
  private gathered: (Post | PlazaPost)[] = [];
  private gather_timer: ReturnType<typeof setTimeout> | null = null;
  private read_timer: ReturnType<typeof setTimeout> | null = null;
  private failed_reads = 0;
  private reading = 0;
  private wanted_count = step_count;
  private holds = 0;
  private paused = false;

  constructor(private readonly client: Client) {
    super();
  }

  start(): void {
    if (this.stream !== null) return;
    const unfollow = [
      follow_changes((change) => this.apply(change)),
      follow_own((post) => this.gather(post)),
    ];
    this.unfollow = () => unfollow.forEach((end) => end());
    this.change({ live: "connecting" });
    this.stream = this.client.stream({ topic: "plaza" }, {
      ...this.of_everybody(),
      open: (resumed) => {
        this.change({ live: "live" });
        void this.read();
        if (resumed) this.on_resumed();
      },
      reset: () => void this.read(),
      plaza_post: (post) => this.take(post),
      lost: () => this.change({ live: "lost" }),
    });
    this.read_in(stream_wait_ms);
  }

  override stop(): void {
    super.stop();
    this.unfollow();
    this.read_in(null);
    this.failed_reads = 0;
    ++this.reading; // What is being read is for nobody any more.
    if (this.gather_timer !== null) clearTimeout(this.gather_timer);
    this.gather_timer = null;
    this.gathered = [];
  }

  restart(): void {
    this.stop();
    this.hidden_authors.clear();
    this.state.set(empty);
    this.start();
  }

  override pause(): void {
    super.pause();
    this.paused = true;
    this.read_in(null);
  }

  override resume(): void {
    this.paused = false;
    super.resume(); // What it opens is read.
  }

  known(id: string): Post | null {
    for (const { posts } of this.state.get().lanterns) {
      const post = posts.find((one) => one.id === id);
      if (post !== undefined) return post;
    }
    return null;
  }

  retry(): void {
    this.change({ status: this.state.get().lanterns.length > 0 ? "ready" : "loading", failure: null });
    this.stream?.resume();
    void this.read();
  }

  /** Lets what is said stay as it is, until whoever asked for that lets go. New posts wait. */
  hold(): () => void {
    ++this.holds;
    return () => {
      --this.holds;
      if (this.gathered.length > 0) this.show_gathered();
    };
  }

  /** More lanterns, further down the path. */
  async walk_on(): Promise<void> {
    const { further } = this.state.get();
    if (further === "loading") return;
    if (further === "idle") this.wanted_count = Math.min(this.wanted_count + step_count, lanterns_max);
    this.change({ further: "loading" });
    await this.read();
  }

  hide_author(account: string, hide: boolean): void {
    if (hide) this.hidden_authors.add(account);
    else this.hidden_authors.delete(account);
    if (!hide) return void this.read();
    this.change({ lanterns: this.state.get().lanterns.map((one) => this.visible(one)) });
  }

  private visible(one: PlazaTitle): PlazaTitle {
    return {
      ...one, people: one.people.filter((person) => !this.hidden_authors.has(person.id)),
      posts: one.posts.filter((post) => !this.hidden_authors.has(post.author.id)),
    };
  }

  private apply(change: Change): void {
    this.gathered = changed(this.gathered, change);
    const { lanterns } = this.state.get();
    const now = lanterns.map((one) => {
      const posts = changed(one.posts, (post) => {
        const after = change(post);
        return after?.spoiler ? null : after;
      });
      return posts === one.posts ? one : { ...one, posts };
    });
    if (now.some((one, at) => one !== lanterns[at])) this.change({ lanterns: now });
  }

  private change(part: Partial<PlazaState>): void {
    this.state.set({ ...this.state.get(), ...part });
  }

  private read_in(ms: number | null): void {
    if (this.read_timer !== null) clearTimeout(this.read_timer);
    const waits = ms !== null && !this.paused;
    this.read_timer = waits ? setTimeout(() => void this.read(), ms) : null;
  }

  private async read(): Promise<void> {
    const reading = ++this.reading;
    this.read_in(null);
    const reply = await this.client.communities.plaza(this.wanted_count);
    if (reading !== this.reading) return;
    const { lanterns } = this.state.get();
    if (!reply.ok) {
      const wait_s = Math.max(reply.failure.retry_after_s ?? 0, retry_s_min * 2 ** this.failed_reads++);
      this.read_in(1000 * Math.min(wait_s, retry_s_max));
      return this.change({
        failure: reply.failure, status: lanterns.length > 0 ? "ready" : "failed",
        further: this.state.get().further === "loading" ? "failed" : "idle",
      });
    }
    this.failed_reads = 0;
    // Not all at the same moment: a crowd that came together reads again one by one.
    this.read_in(refresh_ms * (0.75 + Math.random() / 2));
    const { titles, people_count, titles_count } = reply.value;
    this.change({
      status: "ready", failure: null, further: "idle", people_count, titles_count,
      lanterns: rehung(lanterns, titles.map((one) => this.visible(one)), this.holds > 0),
    });
  }

  private take(post: PlazaPost): void {
    this.on_post(post);
    if (!this.hidden_authors.has(post.author.id)) this.gather(post);
  }

  // One's own posts come at once, and do not say of which title their community is.
  private gather(post: Post | PlazaPost): void {
    if (post.spoiler) return;
    this.gathered.push(post);
    if (this.gathered.length > lanterns_max * kept_posts_max) this.gathered.shift();
    this.gather_timer ??= setTimeout(() => this.show_gathered(), gather_ms);
  }

  private show_gathered(): void {
    this.gather_timer = null;
    if (this.holds > 0) return;
    const came = this.gathered;
    this.gathered = [];
    this.change({ lanterns: this.state.get().lanterns.map((one) => with_posts(one, came)) });
  }
}

function with_posts(one: PlazaTitle, came: readonly (Post | PlazaPost)[]): PlazaTitle {
  const here = came.filter((post) => post.community === one.community
    || ("title" in post && post.title === one.title.id));
  if (here.length === 0) return one;
  const people = new Map(one.people.map((person) => [person.id, person]));
  for (const { author } of here) {
    if (people.size < people_max || people.has(author.id)) people.set(author.id, author);
  }
  return {
    ...one, people: [...people.values()],
    posts: merged(one.posts, here).slice(0, kept_posts_max),
  };
}
