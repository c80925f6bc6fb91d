// Reads the lines of a server-sent event stream. Apart from the connection so that every way of
// cutting the bytes can be tried.

export interface ServerEvent {
  /** The last id seen, for resuming. Empty until the server has sent one. */
  id: string;
  event: string;
  data: string;
}

/** Takes text as it comes, and calls back for each whole event. */
export class EventParser {
  private rest = "";
  private id = "";
  private event = "";
  private data: string[] = [];
  private first = true;

  constructor(private readonly on_event: (event: ServerEvent) => void) {}

  /** The id of the last event, also where it had no data. */
  last_id(): string {
    return this.id;
  }

  push(text: string): void {
    this.rest += text;
    if (this.first && this.rest.length > 0) {
      if (this.rest.charCodeAt(0) === 0xfeff) this.rest = this.rest.slice(1);
      this.first = false;
    }
    let start = 0;
    for (let at = 0; at < this.rest.length; ++at) {
      const c = this.rest[at];
      if (c !== "\n" && c !== "\r") continue;
      // A carriage return at the very end may be half of a line end.
      if (c === "\r" && at + 1 === this.rest.length) break;
      this.line(this.rest.slice(start, at));
      if (c === "\r" && this.rest[at + 1] === "\n") ++at;
      start = at + 1;
    }
    this.rest = this.rest.slice(start);
  }

  private line(line: string): void {
    if (line === "") {
      if (this.data.length > 0) {
        this.on_event({
          id: this.id, event: this.event || "message", data: this.data.join("\n"),
        });
      }
      this.event = "";
      this.data = [];
      return;
    }
    const colon = line.indexOf(":");
    if (colon === 0) return;
    const field = colon < 0 ? line : line.slice(0, colon);
    let value = colon < 0 ? "" : line.slice(colon + 1);
    if (value.startsWith(" ")) value = value.slice(1);
    if (field === "event") this.event = value;
    else if (field === "data") this.data.push(value);
    else if (field === "id" && !value.includes("\0")) this.id = value;
  }
}
