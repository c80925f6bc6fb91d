// The game state of a title, for one player: commands that say what must hold and what then happens.
//
// A command has its key from the moment it is given, and keeps it through every try: a lost answer,
// a server that is busy, a page that is loaded again. So it happens once or not at all, and what
// became of it is told in the end. The order of the calls is the order of the commands.
import type { Connection } from "./client";
import { request } from "./http";
import type { PositionStore } from "./position";
import { EventStream, parsed } from "./stream";
import type {
  Failure, GameBoardPage, GameChange, GameChanges, GameCommand, GameEntityRead, GameOutcome, GameOutcomes,
  GameSession, Reply,
} from "./types";

/** What is to happen: a command without the key, which is made here. */
export type Deed = Omit<GameCommand, "key">;

export interface GameOptions {
  title: string;
  /** A key of the kind `client`: it ships with the game. */
  title_key: string;
  /** Where commands that are not answered yet outlive a reload. */
  store?: PositionStore;
  /** Called with why commands wait, again for each try that fails, and with null when they go on. */
  on_waiting?: (failure: Failure | null) => void;
  /** Milliseconds before try number `attempt` (0 is the second). */
  backoff_ms?: (attempt: number) => number;
}

export interface ChangeHandlers {
  /** The server listens for us from now on; where it did not resume, `after` was where it began. */
  open?(resumed: boolean): void;
  change(change: GameChange): void;
  /** The next try is under way. The status of a refusal, or 0 where the connection went. */
  lost?(status: number): void;
}

interface Waiting {
  command: GameCommand;
  settle: (reply: Reply<GameOutcome>) => void;
}

const waiting_max = 256;
const batch_max = 64;
// A session is renewed this long before its end, so that no command meets that.
const renew_ms = 60_000;

const default_backoff_ms = (attempt: number): number =>
  250 + Math.random() * Math.min(10_000, 500 * 2 ** attempt);

const segment = encodeURIComponent;

/** A UUIDv7 of a moment. Its time is what a server counts the seven days from that it is kept. */
export function key_of(unix_ms: number): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  for (let at = 0; at < 6; ++at) bytes[at] = Math.floor(unix_ms / 2 ** (8 * (5 - at))) % 256;
  bytes[6] = 0x70 | ((bytes[6] ?? 0) & 0x0f);
  bytes[8] = 0x80 | ((bytes[8] ?? 0) & 0x3f);
  const text = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return [text.slice(0, 8), text.slice(8, 12), text.slice(12, 16), text.slice(16, 20), text.slice(20)].join("-");
}

/** Whether a try failed in a way that another one may not. */
function may_pass(failure: Failure): boolean {
  return ["unreachable", "busy", "io", "exhausted"].includes(failure.code);
}

// Not executed for want of time or an owner, or ahead of its time: the same key may go again.
const goes_again: readonly string[] = ["overloaded", "not_owner", "busy", "key_from_future"];

export class Game {
  private session: { value: GameSession; until_ms: number } | null = null;
  private opening: Promise<Reply<GameSession>> | null = null;
  private clock: { server_ms: number; at_ms: number } | null = null;
  private queue: Waiting[] = [];
  private sending = false;
  private closed = false;
  private wake: (() => void) | null = null;
  private streams: EventStream[] = [];
  // Of the last answer to commands: a board that is read has them.
  private token = "";

  constructor(private readonly connection: Connection, private readonly options: GameOptions) {}

  /** The time of the server, as far as it was heard; of this device before that. */
  server_now(): number {
    if (this.clock === null) return Date.now();
    return this.clock.server_ms + (performance.now() - this.clock.at_ms);
  }

  /** The account that plays; null before the session is open. */
  player(): string | null {
    return this.session?.value.player ?? null;
  }

  /** How many commands were given and have no outcome yet. */
  waiting(): number {
    return this.queue.length;
  }

  /** Opens the session, or gives the one that is open. Sends what a page before this one left. */
  async open(): Promise<Reply<GameSession>> {
    if (this.session !== null && performance.now() < this.session.until_ms - renew_ms) {
      return { ok: true, value: this.session.value, stale: false };
    }
    this.opening ??= this.ask_session().finally(() => (this.opening = null));
    return this.opening;
  }

  /**
   * Gives a command to the server, however long that takes, and tells what became of it. It fails
   * only where trying again is of no use: who played is signed out, or too much waits already. Only
   * once the session was open: keys are made of the server's time.
   */
  send(deed: Deed): Promise<Reply<GameOutcome>> {
    const command = { key: key_of(this.server_now()), ...deed };
    return new Promise((settle) => {
      if (this.clock === null || this.closed || this.queue.length >= waiting_max) {
        const detail = this.queue.length >= waiting_max ? `${waiting_max} commands wait already`
          : "the game is not open";
        return settle({ ok: false, failure: { code: "busy", status: 0, detail } });
      }
      this.queue.push({ command, settle });
      this.keep();
      void this.send_all();
    });
  }

  /** Tries at once what waits, such as when the connection is back. */
  try_now(): void {
    this.wake?.();
    for (const stream of this.streams) stream.resume();
  }

  /** Lets streams go while nobody looks; try_now() brings them back where they were. */
  pause(): void {
    for (const stream of this.streams) stream.pause();
  }

  /** Ends it for this page. What has no outcome stays in the store, and goes out with the next. */
  close(): void {
    this.closed = true;
    this.wake?.();
    for (const stream of this.streams) stream.close();
  }

  is_closed(): boolean {
    return this.closed;
  }

  /** What became of a key; `not_found` where it was not executed so far. */
  look_up(arena: string, key: string): Promise<Reply<{ outcome: GameOutcome }>> {
    return this.read(`/commands/${segment(key)}?arena=${segment(arena)}`);
  }

  entity(
    arena: string, kind: string, id: string,
    how: { consistency?: "linearizable" | "at_least" | "any"; token?: string } = {},
  ): Promise<Reply<GameEntityRead>> {
    const query = new URLSearchParams(how).toString();
    return this.read(
      `/entities/${segment(arena)}/${segment(kind)}/${segment(id)}${query === "" ? "" : `?${query}`}`);
  }

  /** A board from a place of its list on, with what this player did before in it. */
  board(name: string, of: { after?: number; limit?: number } = {}): Promise<Reply<GameBoardPage>> {
    return this.read_board(segment(name), of);
  }

  /** The part of a board around somebody; without entries where they are not on it. */
  board_around(name: string, id: string, of: { limit?: number } = {}): Promise<Reply<GameBoardPage>> {
    return this.read_board(`${segment(name)}/around/${segment(id)}`, of);
  }

  /** Applied commands of an arena in their order, from a place on; from the first where it is empty. */
  changes(of: { arena: string; after?: string; limit?: number }): Promise<Reply<GameChanges>> {
    const query = new URLSearchParams(
      Object.entries(of).filter(([, value]) => value !== "").map(([name, value]) => [name, String(value)]));
    return this.read(`/changes?${query.toString()}`);
  }

  /** The same, live until it is closed. */
  follow(of: { arena: string; after: string }, handlers: ChangeHandlers): EventStream {
    const query = new URLSearchParams(of.after === "" ? { arena: of.arena } : of);
    const stream = new EventStream({
      fetch: this.connection.http.fetch,
      url: `${this.connection.http.base}${this.path(`/changes?${query.toString()}`)}`,
      headers: async () => {
        const opened = await this.open();
        return opened.ok ? this.proofs(opened.value) : {};
      },
    }, {
      opened: (resumed) => handlers.open?.(resumed),
      told: (event, data) => {
        if (event === "reset") return handlers.lost?.(409); // as where it is asked for again
        const change = event === "change" ? parsed(data) as GameChange | undefined : undefined;
        if (change === undefined) return;
        this.heard(change.time_ms);
        handlers.change(change);
      },
      lost: (status) => {
        if (status === 401) this.session = null;
        handlers.lost?.(status);
      },
    });
    this.streams = [...this.streams.filter((one) => !one.closed()), stream];
    return stream;
  }

  private path(rest: string): string {
    return `/v1/game/${segment(this.options.title)}${rest}`;
  }

  private proofs(session: GameSession): Record<string, string> {
    return {
      Authorization: `Bearer ${this.options.title_key}`, "Matsuri-Player": session.player_token,
    };
  }

  private async ask_session(): Promise<Reply<GameSession>> {
    const { http, headers } = this.connection;
    const { reply } = await request<GameSession>(http, {
      method: "POST", path: this.path("/sessions"), body: { title_key: this.options.title_key },
    }, headers);
    if (!reply.ok) return reply;
    const { server_time_ms, expires_at } = reply.value;
    // What the answer took on its way makes us late: a key may be behind, and never far ahead.
    this.clock = { server_ms: server_time_ms, at_ms: performance.now() };
    this.session = {
      value: reply.value, until_ms: performance.now() + Date.parse(expires_at) - server_time_ms,
    };
    this.take_left(reply.value.player);
    return reply;
  }

  private heard(time_ms: number): void {
    if (this.clock !== null && time_ms > this.server_now()) {
      this.clock = { server_ms: time_ms, at_ms: performance.now() };
    }
  }

  // Sends a request as the player, and once more where the session was over before its time.
  private async ask<T>(method: "GET" | "POST", rest: string, body?: unknown): Promise<Reply<T>> {
    for (let renewed = false; ; renewed = true) {
      const opened = await this.open();
      if (!opened.ok) return opened;
      const { reply } = await request<T>(this.connection.http, {
        method, path: this.path(rest), ...(body === undefined ? {} : { body }),
      }, this.proofs(opened.value), true);
      if (reply.ok || reply.failure.code !== "unauthenticated" || renewed) return reply;
      this.session = null;
    }
  }

  private read_board(rest: string, of: Record<string, number>): Promise<Reply<GameBoardPage>> {
    const query = new URLSearchParams(Object.entries(of).map(([name, value]) => [name, String(value)]));
    if (this.token !== "") query.set("token", this.token);
    return this.read(`/boards/${rest}?${query.toString()}`);
  }

  private read<T>(rest: string): Promise<Reply<T>> {
    return this.ask<T>("GET", rest);
  }

  private async send_all(): Promise<void> {
    if (this.sending) return;
    this.sending = true;
    let attempt = 0;
    while (this.queue.length > 0 && !this.closed) {
      const failure = await this.send_some();
      if (failure === null) {
        if (attempt > 0) this.options.on_waiting?.(null);
        attempt = 0;
        continue;
      }
      this.options.on_waiting?.(failure);
      await this.sleep((this.options.backoff_ms ?? default_backoff_ms)(attempt++), failure);
    }
    this.sending = false;
  }

  // Sends what waits, as far as one request takes it. Gives what is in the way of the rest, if
  // anything is.
  private async send_some(): Promise<Failure | null> {
    const batch = this.queue.slice(0, batch_max);
    const reply = await this.ask<GameOutcomes>(
      "POST", "/commands", { commands: batch.map(({ command }) => command) });
    if (!reply.ok) {
      if (may_pass(reply.failure)) return reply.failure;
      // Who comes back as the same player still has what they did.
      this.settle(batch, batch.map(() => reply), reply.failure.code !== "unauthenticated");
      return null;
    }
    this.token = reply.value.token;
    const outcomes: (Reply<GameOutcome> | null)[] = [];
    let failure: Failure | null = null;
    for (const [at, { command }] of batch.entries()) {
      const settled = await this.settled(command, reply.value.outcomes[at]);
      outcomes.push(settled.ok ? settled : null);
      if (!settled.ok) failure = settled.failure;
    }
    this.settle(batch, outcomes);
    return failure;
  }

  // An outcome that stands, or why it is to be sent again. What nobody knew is looked up: if it was
  // not executed, the same key goes out once more.
  private async settled(command: GameCommand, outcome: GameOutcome | undefined): Promise<Reply<GameOutcome>> {
    const again = (detail: string): Reply<GameOutcome> =>
      ({ ok: false, failure: { code: "busy", status: 0, detail } });
    if (outcome === undefined) return again("no outcome");
    if (outcome.outcome === "unknown") {
      const found = await this.look_up(command.arena, command.key);
      return found.ok ? { ...found, value: found.value.outcome } : again(found.failure.detail);
    }
    if (goes_again.includes(outcome.outcome)) return again(outcome.outcome);
    if (outcome.time_ms !== undefined) this.heard(outcome.time_ms);
    return { ok: true, value: outcome, stale: false };
  }

  private settle(batch: Waiting[], replies: (Reply<GameOutcome> | null)[], forget = true): void {
    const done = new Set(batch.filter((_, at) => replies[at] !== null));
    this.queue = this.queue.filter((one) => !done.has(one));
    if (forget) this.keep();
    for (const [at, { settle }] of batch.entries()) {
      const reply = replies[at];
      if (reply) settle(reply);
    }
  }

  private sleep(ms: number, failure: Failure): Promise<void> {
    return new Promise((done) => {
      const timer = setTimeout(done, Math.max(ms, 1000 * (failure.retry_after_s ?? 0)));
      this.wake = () => {
        clearTimeout(timer);
        done();
      };
    });
  }

  private get stored_as(): string | null {
    const player = this.player();
    return player === null ? null : `matsuri-game-${this.options.title}-${player}`;
  }

  private keep(): void {
    if (this.stored_as === null) return; // They are kept once it is known whose they are.
    try {
      this.options.store?.setItem(
        this.stored_as, JSON.stringify(this.queue.map(({ command }) => command)));
    } catch {
      // Full, or switched off: they go out all the same, unless the page ends before that.
    }
  }

  // What this player gave to a page before this one goes first.
  private take_left(player: string): void {
    const name = `matsuri-game-${this.options.title}-${player}`;
    try {
      const known = new Set(this.queue.map(({ command }) => command.key));
      const left = (JSON.parse(this.options.store?.getItem(name) ?? "[]") as GameCommand[])
        .filter(({ key }) => !known.has(key));
      this.queue = [...left.map((command) => ({ command, settle: () => {} })), ...this.queue];
    } catch {
      // Nothing that can be read.
    }
    this.keep();
    void this.send_all();
  }
}
