// Read your own writes: which Matsuri-Position to send, and which to keep.
//
// Tokens are opaque, so the client cannot merge two of them. It does not need to: a command sends
// the token that is held and the server merges it into the answer. That is exact as long as
// commands go one after the other, which `Client` sees to.

/** Where the token outlives a reload. sessionStorage fits: one token per tab. */
export interface PositionStore {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
}

const storage_key = "matsuri-position";

/** Holds the newest token of one reader. */
export class PositionKeeper {
  private held: string | null = null;

  constructor(private readonly store?: PositionStore) {
    try {
      this.held = store?.getItem(storage_key) ?? null;
    } catch {
      this.held = null; // Storage is switched off: reads after a reload may be a moment behind.
    }
  }

  /** The token to send with a request, if there is one. */
  token(): string | null {
    return this.held;
  }

  /** A command was answered. Its token covers what was sent with it, and the command itself. */
  command_answered(answer: string | null): void {
    if (answer !== null) this.keep(answer);
  }

  /**
   * A read was answered. Its token covers what was sent with it, so it may only replace that: a
   * command that was answered in the meantime is newer than the read knows.
   */
  read_answered(sent: string | null, answer: string | null): void {
    if (answer !== null && sent === this.held) this.keep(answer);
  }

  private keep(token: string): void {
    this.held = token;
    try {
      this.store?.setItem(storage_key, token);
    } catch {
      // As above.
    }
  }
}
