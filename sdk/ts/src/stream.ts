// A live stream that stays: it connects again after every loss, and resumes where it was.
//
// It reads with fetch rather than EventSource, because EventSource gives up for good at the first
// answer that is not 200 (a busy server), forgets the id when it is made again, and cannot say
// whether it resumed.
import { EventParser } from "./sse";
import type { Counts, DeletedNotice, PlazaPost, Post, Refusal, Unread } from "./types";

export interface StreamHandlers {
  /**
   * The server listens for us from now on. Where it did not resume, whatever happened before is
   * not sent: read the list again.
   */
  open?(resumed: boolean): void;
  /** A new post; a comment where it has a parent. */
  post?(post: Post): void;
  /** The same from a stream of the plaza. */
  plaza_post?(post: PlazaPost): void;
  post_changed?(post: Post): void;
  post_deleted?(deleted: DeletedNotice): void;
  counts?(counts: Counts): void;
  /** For whoever is signed in: how many of their notifications they have not seen. */
  notification?(unread: Unread): void;
  refused?(refusal: Refusal): void;
  /** What was missed is too long ago to be sent: read the list again. */
  reset?(): void;
  /** The connection is gone; the next try is under way. */
  lost?(): void;
}

/** How a stream is opened, and again after every loss. */
export interface Opening {
  fetch: typeof fetch;
  url: string;
  /** Asked for each connection: what proves who one is may have been renewed since. */
  headers: () => Record<string, string> | Promise<Record<string, string>>;
  /** Milliseconds without a byte after which the connection counts as dead. */
  silence_ms?: number;
  /** Milliseconds before try number `attempt` (0 is the first after a loss). */
  backoff_ms?: (attempt: number) => number;
}

export interface StreamOptions extends Opening {
  handlers: StreamHandlers;
}

/** What a stream of events tells whoever keeps it. */
export interface Ears {
  opened(resumed: boolean): void;
  told(event: string, data: string): void;
  /** The status of the answer that refused us, or 0 where the connection went. */
  lost(status: number): void;
}

// Full jitter, so that a crowd that lost its server does not come back as one.
const default_backoff_ms = (attempt: number): number =>
  250 + Math.random() * Math.min(30_000, 500 * 2 ** attempt);

/** A stream of events. Starts at once; `close()` ends it for good. */
export class EventStream {
  private readonly options: Required<Opening>;
  private last_id = "";
  private attempt = 0;
  private stopped: "no" | "paused" | "closed" = "no";
  private controller: AbortController | null = null;
  private wake: (() => void) | null = null;

  constructor(options: Opening, private readonly ears: Ears) {
    this.options = { silence_ms: 40_000, backoff_ms: default_backoff_ms, ...options };
    void this.run();
  }

  close(): void {
    this.stopped = "closed";
    this.controller?.abort();
    this.wake?.();
  }

  /** Drops the connection and remembers the place, for pages that nobody looks at. */
  pause(): void {
    if (this.stopped !== "no") return;
    this.stopped = "paused";
    this.controller?.abort();
    this.wake?.();
  }

  /** Connects at once, also out of a wait between two tries. */
  resume(): void {
    if (this.stopped === "closed") return;
    this.attempt = 0;
    this.stopped = "no";
    this.wake?.();
  }

  closed(): boolean {
    return this.stopped === "closed";
  }

  private async run(): Promise<void> {
    while (!this.closed()) {
      if (this.stopped === "paused") {
        await new Promise<void>((done) => (this.wake = done));
        continue;
      }
      const status = await this.connect();
      if (this.stopped !== "no") continue;
      this.ears.lost(status);
      if (this.closed()) return;
      await this.sleep(this.options.backoff_ms(this.attempt++));
    }
  }

  private sleep(ms: number): Promise<void> {
    return new Promise((done) => {
      const timer = setTimeout(done, ms);
      this.wake = () => {
        clearTimeout(timer);
        done();
      };
    });
  }

  // One connection, from request to loss. Gives the status of a refusal, else 0. Never throws.
  private async connect(): Promise<number> {
    const controller = (this.controller = new AbortController());
    let silence = setTimeout(() => controller.abort(), this.options.silence_ms);
    try {
      const headers: Record<string, string> = {
        ...await this.options.headers(), Accept: "text/event-stream",
      };
      const resumed = this.last_id !== "";
      if (resumed) headers["Last-Event-ID"] = this.last_id;
      const answer = await this.options.fetch(this.options.url, {
        headers, signal: controller.signal, cache: "no-store", credentials: "same-origin",
      });
      if (!answer.ok || answer.body === null) return answer.ok ? 0 : answer.status;
      const parser = new EventParser((event) => {
        if (event.event === "ready") this.opened(resumed);
        else this.ears.told(event.event, event.data);
      });
      const decoder = new TextDecoder();
      const reader = answer.body.getReader();
      // A body that came from elsewhere than the network does not end with its signal by itself.
      controller.signal.addEventListener("abort", () => void reader.cancel().catch(() => {}));
      for (;;) {
        const { done, value } = await reader.read();
        if (done) return 0;
        clearTimeout(silence);
        silence = setTimeout(() => controller.abort(), this.options.silence_ms);
        parser.push(decoder.decode(value, { stream: true }));
        if (parser.last_id() !== "") this.last_id = parser.last_id();
      }
    } catch {
      return 0; // Lost: the caller connects again.
    } finally {
      clearTimeout(silence);
    }
  }

  // Not before: an answer may begin and end again without having listened, and a list that was read
  // in between would have a gap.
  private opened(resumed: boolean): void {
    this.attempt = 0;
    this.ears.opened(resumed);
  }
}

/** What happens in a community, a timeline or on the plaza. */
export class LiveStream extends EventStream {
  constructor({ handlers, ...opening }: StreamOptions) {
    super(opening, {
      opened: (resumed) => handlers.open?.(resumed),
      told: (event, data) => tell(handlers, event, data),
      lost: () => handlers.lost?.(),
    });
  }
}

function tell(handlers: StreamHandlers, event: string, data: string): void {
  if (event === "reset") return handlers.reset?.();
  if (!is_told(event)) return; // A newer server says more: not for us.
  const value = parsed(data);
  if (value !== undefined) (handlers[event] as ((value: unknown) => void) | undefined)?.call(handlers, value);
}

/** What an event carries; undefined for cut or foreign data: a list has the truth. */
export function parsed(data: string): unknown {
  try {
    return JSON.parse(data) as unknown;
  } catch {
    return undefined;
  }
}

const told = [
  "post", "plaza_post", "refused", "post_changed", "post_deleted", "counts", "notification",
] as const;

function is_told(event: string): event is (typeof told)[number] {
  return (told as readonly string[]).includes(event);
}
