// One try after the other to check in: a ticket, a burst, an answer, and what follows from it. Without
// the browser, so that tests can be the camera, the clock and the server.
import type {
  BroadcastPath, CheckinAttempt, CheckinHint, Client, Failure,
} from "../../../sdk/ts/src/index";
import { Store } from "../../lib/store";
import { base64url, from_base64url } from "./base64url";
import { burst, type Camera } from "./burst";
import { apart, is_whole, scaled } from "./corners";
import { cells_of, snapped, type Light, type Quad } from "./quad";
import {
  burst_ms_max, burst_ms_min, described, frame_count, frame_count_min, packed, patterns_of, period_ms, type Frame,
  type Patterns,
} from "./vci1";

/** Of one account for one programme: what comes with one more counts for nothing, nor what came before. */
export const ticket_count_max = 10;
const uses_max = 3; // of a ticket, by the same rule
const edges_beat = { slots: 8, period_ms: 100, limit_ms: 1500 };
const edges_pictures_min = 4;
const moved_min = 0.005; // of what is shown: less is where it was
const reserve_ms = 1000; // for the way to the server
const second_look_ms = 2500; // time to read why
const too_few_max = 2;
const wait_ms_max = 120_000;
const backoff_ms_min = 1000;
const backoff_ms_max = 8000;
const failures_max = 6;
const renewals_max = 2;

/** Why it has to be tried again. */
export type Why = Exclude<CheckinHint, "none"> | "no_match" | "few_pictures" | "hidden" | "busy" | "unreachable";

export type Step =
  | { is: "aiming" | "looking" | "asking" | "sending" | "spent" }
  /** It begins by itself at that moment of the camera's clock. */
  | { is: "ready"; at_ms: number }
  | { is: "watching"; count: number; of: number }
  | { is: "done"; window: number; points: number }
  /** `at_ms`: by itself then; null: when somebody says. `kept`: what the camera saw is sent again. */
  | { is: "again"; why: Why; at_ms: number | null; kept: boolean }
  /** Nothing to check in to before that; null: not any more. */
  | { is: "closed"; at_ms: number | null }
  | { is: "failed"; failure: Failure };

export interface State {
  step: Step;
  /** The corners at the edges that were found; null where those are used that were laid by hand. */
  found: Quad | null;
}

interface Parts {
  calls: Pick<Client["checkin"], "ticket" | "check_in">;
  camera: Camera<Light>;
  sleep: (ms: number) => Promise<void>;
  /** How many tickets were used for this programme. */
  used: { count: () => number; add: () => void };
  luck?: () => number;
}

/** What goes on from when somebody starts until they stop; after that it is heard no more. */
interface Run {
  is_on: () => boolean;
  show: (part: Partial<State>) => void;
  camera: Camera<Light>;
}

interface Ticket {
  text: string;
  patterns: Patterns;
  asked_ms: number;
  rtt_ms: number;
  begin_ms: number;
  end_ms: number;
  slots: number;
  period_ms: number;
  uses: number;
}

const waits = (failure: Failure) => ["unreachable", "busy", "io", "exhausted"].includes(failure.code);
const claimed = (ms: number) => Math.round(Math.max(0, Math.min(60_000, ms)));

export class CheckIn {
  readonly state = new Store<State>({ step: { is: "aiming" }, found: null });
  private run = 0;
  private ticket: Ticket | null = null;
  private unsent: CheckinAttempt | null = null; // of that ticket
  private by_hand = false; // the edges that were found did not do
  private failures = 0;
  private renewals = 0;
  private too_few = 0;

  constructor(
    private readonly parts: Parts, private readonly programme: string, private readonly path: BroadcastPath,
    private quad: Quad,
  ) {}

  /** The corners as somebody lays them, as parts of what is shown. */
  lay(quad: Quad): void {
    this.quad = quad;
    this.by_hand = false;
    if (this.state.get().found !== null) this.change({ found: null });
  }

  start(): void {
    this.failures = 0;
    this.renewals = 0;
    this.too_few = 0;
    const number = ++this.run;
    const is_on = () => number === this.run;
    const { camera } = this.parts;
    void this.go({
      is_on, show: (part) => is_on() && this.change(part),
      camera: { now: () => camera.now(), next: async (until_ms) => (is_on() ? camera.next(until_ms) : "hidden") },
    });
  }

  stop(): void {
    ++this.run;
    this.unsent = null;
    this.change({ step: { is: "aiming" }, found: null });
  }

  private change(part: Partial<State>): void {
    this.state.set({ ...this.state.get(), ...part });
  }

  private now(): number {
    return this.parts.camera.now();
  }

  private async go(run: Run): Promise<void> {
    while (run.is_on()) {
      const step = await this.attempt(run);
      run.show({ step });
      if (step.is !== "again" || step.at_ms === null) return;
      await this.parts.sleep(Math.max(0, step.at_ms - this.now()));
    }
  }

  private async attempt(run: Run): Promise<Step> {
    const { show } = run;
    if (this.unsent !== null && this.ticket !== null && this.is_good(this.ticket, 0)) {
      show({ step: { is: "sending" } });
      return this.send(this.ticket, this.unsent);
    }
    this.unsent = null;
    const found = this.by_hand || is_whole(this.quad) ? null : await this.edges(run);
    if (found === "hidden") return this.hidden();
    show({ found });
    if (this.ticket === null || !this.is_good(this.ticket, burst_ms_max)) {
      if (this.parts.used.count() >= ticket_count_max) return { is: "spent" };
      show({ step: { is: "asking" } });
      const given = await this.ask();
      if ("is" in given) return given;
      this.ticket = given;
    }
    const { ticket } = this;
    if (ticket.begin_ms > this.now()) {
      show({ step: { is: "ready", at_ms: ticket.begin_ms } });
      await this.parts.sleep(ticket.begin_ms - this.now());
    }
    const seen = await this.watch(ticket, found ?? this.quad, run);
    if ("is" in seen) return seen;
    if (!run.is_on()) return { is: "aiming" };
    show({ step: { is: "sending" } });
    return this.send(ticket, seen);
  }

  // Where the corners are at edges, or null where those that were laid are as good as it gets.
  private async edges({ camera, show }: Run): Promise<Quad | null | "hidden"> {
    show({ step: { is: "looking" }, found: null });
    const lights: Light[] = [];
    const made = await burst(camera, edges_beat, (light) => lights.push(light));
    if (made.end === "hidden") return "hidden";
    const [first] = lights;
    if (first === undefined || lights.length < edges_pictures_min) return null;
    const { width, height } = first;
    const found = scaled(snapped(lights, scaled(this.quad, width, height)), 1 / width, 1 / height);
    return apart(found, this.quad) < moved_min ? null : found;
  }

  private async ask(): Promise<Ticket | Step> {
    const asked_ms = this.now();
    const reply = await this.parts.calls.ticket(this.programme, this.path);
    const answered_ms = this.now();
    if (!reply.ok) return this.failed(reply.failure);
    const { value } = reply;
    if (value.answer !== "ticket" || value.ticket === undefined || value.seed === undefined)
      return this.not_yet(value.retry_in_ms ?? null);
    return {
      text: value.ticket, patterns: patterns_of(from_base64url(value.seed)), asked_ms,
      rtt_ms: answered_ms - asked_ms, begin_ms: answered_ms + (value.start_delay_ms ?? 0),
      end_ms: asked_ms + (value.age_ms_max ?? 15_000),
      slots: value.slots ?? frame_count, period_ms: value.period_ms ?? period_ms, uses: 0,
    };
  }

  // Whether a ticket is still one when something of that length has been sent with it.
  private is_good(ticket: Ticket, length_ms: number): boolean {
    return ticket.uses < uses_max && Math.max(this.now(), ticket.begin_ms) + length_ms + reserve_ms <= ticket.end_ms;
  }

  private async watch(ticket: Ticket, quad: Quad, { camera, show }: Run): Promise<CheckinAttempt | Step> {
    const { slots, patterns } = ticket;
    const frames: Frame[] = [];
    show({ step: { is: "watching", count: 0, of: slots } });
    const made = await burst(
      camera, { slots, period_ms: ticket.period_ms, limit_ms: burst_ms_max }, (light, at_ms, index) => {
        const cells = cells_of(light, scaled(quad, light.width, light.height));
        frames.push({ at_ms, projections: described(patterns, index, cells) });
        show({ step: { is: "watching", count: frames.length, of: slots } });
      });
    if (made.end === "hidden") return this.hidden();
    const last = frames.at(-1);
    if (made.first_ms === null || last === undefined || frames.length < frame_count_min || last.at_ms < burst_ms_min) {
      const at_ms = ++this.too_few < too_few_max ? this.now() + second_look_ms : null;
      return { is: "again", why: "few_pictures", at_ms, kept: false };
    }
    return {
      ticket: ticket.text, path: this.path, rtt_ms: claimed(ticket.rtt_ms),
      dt_ms: claimed(made.first_ms - ticket.asked_ms), descriptor: base64url(packed(frames)),
    };
  }

  private async send(ticket: Ticket, attempt: CheckinAttempt): Promise<Step> {
    if (!this.is_good(ticket, 0)) return this.renewed();
    if (ticket.uses++ === 0) this.parts.used.add();
    const reply = await this.parts.calls.check_in(this.programme, attempt);
    // A ticket whose key is gone is refused as a session is that is over: the next ticket tells which it was.
    if (!reply.ok && reply.failure.code === "unauthenticated") return this.renewed();
    if (!reply.ok) {
      this.unsent = waits(reply.failure) ? attempt : null;
      return this.failed(reply.failure);
    }
    this.unsent = null;
    this.failures = 0;
    const { value } = reply;
    if (value.answer === "ok") return { is: "done", window: value.window ?? 0, points: value.points ?? 0 };
    const { hint = "none", retry_in_ms = null } = value;
    if (value.answer === "not_now" || hint === "wait" || retry_in_ms === null) return this.not_yet(retry_in_ms);
    if (hint === "new_ticket") return this.renewed();
    // Edges that are none, such as of letterboxes, mislead: the hand may have known better.
    this.by_hand = this.state.get().found !== null;
    const at_ms = this.by_hand ? this.now() + second_look_ms : null;
    return { is: "again", why: hint === "none" ? "no_match" : hint, at_ms, kept: false };
  }

  private renewed(): Step {
    this.ticket = null;
    const by_itself = ++this.renewals <= renewals_max;
    return { is: "again", why: "new_ticket", at_ms: by_itself ? this.now() + backoff_ms_min : null, kept: false };
  }

  // Nobody saw the page, so that the camera saw nothing either: it begins again.
  private hidden(): Step {
    return { is: "again", why: "hidden", at_ms: this.now() + backoff_ms_min, kept: false };
  }

  private not_yet(retry_in_ms: number | null): Step {
    this.ticket = null;
    if (retry_in_ms === null) return { is: "closed", at_ms: null };
    const at_ms = this.now() + Math.max(retry_in_ms, backoff_ms_min);
    return retry_in_ms > wait_ms_max ? { is: "closed", at_ms } : { is: "again", why: "wait", at_ms, kept: false };
  }

  private failed(failure: Failure): Step {
    if (!waits(failure)) return { is: "failed", failure };
    const { luck = Math.random } = this.parts;
    const backoff_ms = Math.min(backoff_ms_min * 2 ** this.failures, backoff_ms_max) * (0.75 + luck() / 2);
    const wait_ms = Math.max(backoff_ms, 1000 * (failure.retry_after_s ?? 0));
    const at_ms = ++this.failures < failures_max ? this.now() + wait_ms : null;
    const kept = this.unsent !== null && this.ticket !== null && at_ms !== null && this.is_good(this.ticket, wait_ms);
    if (!kept) this.unsent = null;
    return { is: "again", why: failure.code === "unreachable" ? "unreachable" : "busy", at_ms, kept };
  }
}
