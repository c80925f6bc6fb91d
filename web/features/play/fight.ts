// A raid as it goes on: the game's client, the changes as they come, and what one does. It lives as
// long as its page.
import type { Author, Client, Failure, GameBoardPage, GameChange, Play } from "../../../sdk/ts/src/index";
import { Game, type Deed } from "../../../sdk/ts/src/game";
import type { EventStream, PositionStore } from "../../../sdk/ts/src/index";
import { Store } from "../../lib/store";
import type { Live } from "../feed/source";
import { after, arena_of, attack, empty_raid, heal, join, left_ms, refused, type Raid } from "./raid";

// Changes are drawn a few times a second, however many come.
const gather_ms = 80;
const page_count = 1000;
const people_at_once = 50;
const retry_s_min = 1;
const retry_s_max = 30;
// The ranking is looked at again that long after the last time, where something happened.
const ranks_pause_ms = 2000;
const ranks_retry_ms = 5000;
const ranks_shown = 5;
/** The board that `matsuri raid` defines. */
const board = "damage";
/** One's own pace. */
export const attack_pace_ms = 600;
export const heal_pace_ms = 1500;

export interface FightState {
  status: "loading" | "ready" | "failed";
  failure: Failure | null;
  live: Live;
  raid: Raid;
  /** Deeds that were given and have no outcome yet. */
  waiting: number;
  /** Why they wait, where that is longer than usual. */
  stuck: Failure | null;
  /** Who they are; null for whom nobody may know. */
  people: ReadonlyMap<string, Author | null>;
  ranks: Ranks;
}

/** Who has done most in all raids. */
export interface Ranks {
  /** `none`: this place keeps no such list. */
  status: "loading" | "ready" | "failed" | "none";
  best: GameBoardPage["entries"];
  /** Oneself among the next ones; empty where one is not on the list, or among the best. */
  around: GameBoardPage["entries"];
  count: number;
}

export class Fight {
  readonly state = new Store<FightState>({
    status: "loading", failure: null, live: "connecting", raid: empty_raid(""), waiting: 0, stuck: null,
    people: new Map(), ranks: { status: "loading", best: [], around: [], count: 0 },
  });
  /** Called where the server does not let us in. */
  on_refused: (failure: Failure) => void = () => {};

  private readonly game: Game;
  private stream: EventStream | null = null;
  private gathered: GameChange[] = [];
  private gather_timer: ReturnType<typeof setTimeout> | null = null;
  private turn_timer: ReturnType<typeof setTimeout> | null = null;
  private retry_timer: ReturnType<typeof setTimeout> | null = null;
  private ranks_timer: ReturnType<typeof setTimeout> | null = null;
  private ranks_wanted = false;
  private failed_reads = 0;
  private reading = 0;
  private readonly asked = new Set<string>();
  private asking = false;

  constructor(
    private readonly client: Client, play: Play, readonly me: string, store?: PositionStore,
    private readonly luck: () => number = Math.random,
  ) {
    this.game = new Game(client.connection(), {
      title: play.title.id, title_key: play.title_key,
      on_waiting: (stuck) => this.change({ stuck }), ...(store === undefined ? {} : { store }),
    });
  }

  start(): void {
    void this.begin();
  }

  /** Reads again at once, such as when somebody asks for it. */
  retry(): void {
    if (this.state.get().status === "failed") this.change({ status: "loading", failure: null });
    void this.begin();
  }

  stop(): void {
    ++this.reading;
    this.game.close();
    for (const timer of [this.gather_timer, this.turn_timer, this.retry_timer, this.ranks_timer]) {
      if (timer !== null) clearTimeout(timer);
    }
  }

  /** The connection is back: what waits goes out. */
  try_now(): void {
    this.game.try_now();
  }

  pause(): void {
    this.game.pause();
  }

  /** Milliseconds until the next raid. */
  left_ms(): number {
    return left_ms(this.game.server_now());
  }

  join(): Promise<void> {
    return this.give(join(this.arena(), this.me));
  }

  attack(): Promise<void> {
    return this.give(attack(this.arena(), this.me, this.luck(), this.luck()));
  }

  heal(target: string): Promise<void> {
    return this.give(heal(this.arena(), this.me, target));
  }

  private arena(): string {
    return this.state.get().raid.arena;
  }

  private change(part: Partial<FightState>): void {
    this.state.set({ ...this.state.get(), ...part });
  }

  private async give(deed: Deed): Promise<void> {
    const told = this.game.send(deed);
    this.change({ waiting: this.game.waiting() });
    const reply = await told;
    this.change({ waiting: this.game.waiting() });
    if (!reply.ok) return this.on_refused(reply.failure);
    const { value } = reply;
    if (value.outcome === "applied") return; // The changes tell of it.
    if (value.seq !== undefined) {
      return this.change({ raid: refused(this.state.get().raid, deed, this.me, value) });
    }
    this.on_refused({ code: "invalid", status: 0, detail: value.message ?? value.outcome });
  }

  // The raid of this hour, from its first change on; then what comes.
  private async begin(): Promise<void> {
    const reading = ++this.reading;
    this.stream?.close();
    const opened = await this.game.open();
    if (reading !== this.reading) return;
    if (!opened.ok) return this.failed(opened.failure);
    const arena = arena_of(this.game.server_now());
    let raid = empty_raid(arena);
    let after_token = "";
    for (;;) {
      const page = await this.game.changes({ arena, after: after_token, limit: page_count });
      if (reading !== this.reading) return;
      if (!page.ok) return this.failed(page.failure);
      raid = after(raid, page.value.changes);
      after_token = page.value.next;
      if (page.value.changes.length === 0) break;
    }
    this.failed_reads = 0;
    this.gathered = [];
    const kept = this.state.get().raid;
    // What was refused is in no list of changes: it stays where it was.
    const lines = kept.arena === arena ? kept.lines.filter(({ late }) => late !== undefined) : [];
    this.change({
      status: "ready", failure: null,
      raid: { ...raid, lines: [...raid.lines, ...lines].sort((a, b) => b.seq - a.seq) },
    });
    this.learn_people();
    this.look_at_ranks();
    this.follow(arena, after_token);
    if (this.turn_timer !== null) clearTimeout(this.turn_timer);
    this.turn_timer = setTimeout(() => this.turn(), Math.max(this.left_ms(), 1) + 50);
  }

  // The hour is over: the next raid begins with nobody in it.
  private turn(): void {
    if (arena_of(this.game.server_now()) === this.arena()) {
      this.turn_timer = setTimeout(() => this.turn(), this.left_ms() + 50);
      return;
    }
    void this.begin();
  }

  private follow(arena: string, from: string): void {
    this.stream = this.game.follow({ arena, after: from }, {
      open: () => this.change({ live: "live" }),
      change: (change) => {
        this.gathered.push(change);
        this.gather_timer ??= setTimeout(() => this.show_gathered(), gather_ms);
      },
      lost: (status) => {
        this.change({ live: "lost" });
        // A place of the time before a restore: there is another past now.
        if (status === 409) void this.begin();
      },
    });
  }

  private show_gathered(): void {
    this.gather_timer = null;
    const came = this.gathered.splice(0);
    this.change({ raid: after(this.state.get().raid, came) });
    this.learn_people();
    this.look_at_ranks();
  }

  private failed(failure: Failure): void {
    const passes = ["unreachable", "busy", "io", "exhausted"].includes(failure.code);
    const shown = this.state.get().status === "ready";
    this.change({ failure, live: "lost", status: shown ? "ready" : "failed" });
    if (!passes) return this.on_refused(failure);
    const wait_s = Math.max(failure.retry_after_s ?? 0, retry_s_min * 2 ** this.failed_reads++);
    if (this.retry_timer !== null) clearTimeout(this.retry_timer);
    this.retry_timer = setTimeout(() => void this.begin(), 1000 * Math.min(wait_s, retry_s_max));
  }

  // Soon, and once for all that happens until then.
  private look_at_ranks(): void {
    this.ranks_wanted = true;
    if (this.ranks_timer !== null) return;
    const { status } = this.state.get().ranks;
    if (status === "none") return;
    const wait_ms = status === "ready" ? ranks_pause_ms : status === "failed" ? ranks_retry_ms : 0;
    this.ranks_timer = setTimeout(() => void this.read_ranks(), wait_ms);
  }

  private async read_ranks(): Promise<void> {
    this.ranks_wanted = false;
    const [best, around] = await Promise.all([
      this.game.board(board, { limit: ranks_shown }), this.game.board_around(board, this.me, { limit: ranks_shown }),
    ]);
    if (this.game.is_closed()) return;
    this.ranks_timer = null;
    const { ranks } = this.state.get();
    if (best.ok && around.ok) {
      const listed = new Set(best.value.entries.map(({ id }) => id));
      const others = listed.has(this.me) ? [] : around.value.entries.filter(({ id }) => !listed.has(id));
      this.change({
        ranks: { status: "ready", best: best.value.entries, around: others, count: best.value.count },
      });
    } else if (!best.ok && best.failure.code === "not_found") {
      return this.change({ ranks: { ...ranks, status: "none" } });
    } else {
      this.change({ ranks: { ...ranks, status: "failed" } });
      this.ranks_wanted = true;
    }
    if (this.ranks_wanted) this.look_at_ranks();
  }

  private learn_people(): void {
    if (this.asking) return;
    const unknown = [...this.state.get().raid.raiders.keys()].filter((id) => !this.asked.has(id))
      .slice(0, people_at_once);
    if (unknown.length === 0) return;
    this.asking = true;
    for (const id of unknown) this.asked.add(id);
    void this.client.people.named(unknown).then((reply) => {
      this.asking = false;
      if (!reply.ok) {
        // They are asked for again with the next change.
        for (const id of unknown) this.asked.delete(id);
        return;
      }
      const people = new Map(this.state.get().people);
      for (const id of unknown) people.set(id, null);
      for (const person of reply.value.people) people.set(person.id, person);
      this.change({ people });
      this.learn_people();
    });
  }
}
