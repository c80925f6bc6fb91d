// Sends one post until it is answered for good. What can pass is tried again by itself, with the
// same key; what cannot is said.
import type { Client, CreatedPost, Failure, NewPost } from "../../../sdk/ts/src/index";
import { Store } from "../../lib/store";

export type Sending =
  | { state: "idle" }
  | { state: "sending" }
  /** Waits for the next try. `retry_at_ms` is null where the connection has to come back first. */
  | { state: "waiting"; failure: Failure; retry_at_ms: number | null }
  | { state: "failed"; failure: Failure };

/** A post or a comment on its way. */
export type Letter = NewPost;

const wait_s_max = 60;

/** Seconds until try number `attempt` (1 is the second), or null where trying again is useless. */
export function wait_s(failure: Failure, attempt: number): number | null {
  switch (failure.code) {
    case "unreachable": case "busy": case "io": case "exhausted":
      return Math.min(wait_s_max, Math.max(failure.retry_after_s ?? 1, 2 ** attempt));
    case "conflict":
      // The first try may still be under way. Where it never ran, this is the duplicate guard.
      return attempt === 1 || attempt > 3 ? null : 2;
    default:
      return null;
  }
}

export class Sender {
  readonly state = new Store<Sending>({ state: "idle" });
  private attempt = 0;
  private letter: Letter | null = null;
  private timer: ReturnType<typeof setTimeout> | null = null;

  constructor(
    private readonly client: Client,
    private readonly on_posted: (post: CreatedPost, letter: Letter) => void,
    private readonly is_online: () => boolean = () => true,
  ) {}

  send(letter: Letter): void {
    if (this.state.get().state === "sending") return;
    this.letter = letter;
    this.attempt = 0;
    void this.try_once();
  }

  try_now(): void {
    if (this.state.get().state === "waiting") void this.try_once();
  }

  /** Gives up for now; the text and its key stay with the caller. */
  stop(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
    this.letter = null;
    this.state.set({ state: "idle" });
  }

  private async try_once(): Promise<void> {
    const letter = this.letter;
    if (letter === null) return;
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
    this.state.set({ state: "sending" });
    ++this.attempt;
    const reply = await this.client.posts.create(letter);
    if (this.letter !== letter) return; // Stopped in the meantime.
    if (reply.ok) {
      this.letter = null;
      this.state.set({ state: "idle" });
      return this.on_posted(reply.value, letter);
    }
    const { failure } = reply;
    const seconds = wait_s(failure, this.attempt);
    if (seconds === null) return this.state.set({ state: "failed", failure });
    if (failure.code === "unreachable" && !this.is_online()) {
      return this.state.set({ state: "waiting", failure, retry_at_ms: null });
    }
    this.state.set({ state: "waiting", failure, retry_at_ms: Date.now() + seconds * 1000 });
    this.timer = setTimeout(() => void this.try_once(), seconds * 1000);
  }
}
