// Goal: whatever the camera and the server do, the page says what is true and goes on by itself where
// that makes sense; what was seen is sent once more and not seen once more.
// Method: a camera, a clock and a server of the test; nothing waits.
import assert from "node:assert/strict";
import test from "node:test";
import type { CheckinAnswer, CheckinAttempt, Failure, Reply, TicketAnswer } from "../../../sdk/ts/src/index";
import { CheckIn, type Step } from "./attempt";
import { base64url, from_base64url } from "./base64url";
import type { Camera } from "./burst";
import { guide, scaled, whole } from "./corners";
import type { Light, Quad } from "./quad";
import { burst_ms_min } from "./vci1";

const [width, height] = [160, 90];
const tv: Quad = scaled([{ x: 0.2, y: 0.2 }, { x: 0.8, y: 0.2 }, { x: 0.8, y: 0.8 }, { x: 0.2, y: 0.8 }], width, height);

/** A TV in a dark room, at another moment each time. */
function light_at(ms: number, bright: boolean): Light {
  const luma = new Float32Array(width * height);
  for (let y = 0; y < height; ++y) {
    for (let x = 0; x < width; ++x) {
      const inside = x >= tv[0].x && x < tv[2].x && y >= tv[0].y && y < tv[2].y;
      const shown = 130 + 60 * Math.sin(x / 9 + ms / 200) + 40 * Math.cos(y / 7 - ms / 300);
      luma[y * width + x] = inside && bright ? shown : 40;
    }
  }
  return { width, height, luma };
}

const seed = base64url(new Uint8Array(32).fill(9));
const ticket = (more: Partial<TicketAnswer> = {}): TicketAnswer => ({
  answer: "ticket", ticket: "t", seed, start_delay_ms: 0, slots: 24, period_ms: 125, age_ms_max: 15_000, ...more,
});
const ok: CheckinAnswer = { answer: "ok", window: 2, points: 120 };
const retry = (hint: CheckinAnswer["hint"], retry_in_ms: number | null = 0): CheckinAnswer =>
  ({ answer: "retry", ...(hint === undefined ? {} : { hint }), retry_in_ms });
const failure = (code: Failure["code"]): Failure => ({ code, status: code === "unreachable" ? 0 : 503, detail: code });

interface Given {
  tickets?: (TicketAnswer | Failure)[];
  answers?: (CheckinAnswer | Failure)[];
  picture_ms?: number;
  bright?: boolean;
  hidden?: [from: number, to: number];
  used?: number;
}

/** One who checks in, and all that happened until they have to do something. */
class World {
  now = 5000;
  readonly steps: Step[] = [];
  readonly sent: CheckinAttempt[] = [];
  readonly slept: number[] = [];
  asked = 0;
  used: number;
  readonly check_in: CheckIn;
  private readonly tickets: (TicketAnswer | Failure)[];
  private readonly answers: (CheckinAnswer | Failure)[];

  constructor(private readonly given: Given, quad: Quad = scaled(tv, 1 / width, 1 / height)) {
    this.tickets = [...(given.tickets ?? [])];
    this.answers = [...(given.answers ?? [])];
    this.used = given.used ?? 0;
    const answered = <T>(from: (T | Failure)[], last: T): Reply<T> => {
      this.now += 40;
      const next = from.shift() ?? last;
      const failed = typeof next === "object" && next !== null && "code" in next;
      return failed ? { ok: false, failure: next as Failure } : { ok: true, value: next as T, stale: false };
    };
    this.check_in = new CheckIn({
      camera: this.camera(), luck: () => 0.5,
      sleep: async (ms) => void (this.slept.push(ms), this.now += ms),
      used: { count: () => this.used, add: () => void ++this.used },
      calls: {
        ticket: async () => (++this.asked, answered(this.tickets, ticket())),
        check_in: async (_, attempt) => (this.sent.push(attempt), answered(this.answers, ok)),
      },
    }, "7", "cable", quad);
    this.check_in.state.follow(() => this.steps.push(this.check_in.state.get().step));
  }

  private camera(): Camera<Light> {
    const { picture_ms = 33, bright = true, hidden: [from, to] = [Infinity, Infinity] } = this.given;
    return {
      now: () => this.now,
      next: async (until_ms) => {
        if (this.now >= from && this.now < to) return "hidden";
        if (this.now + picture_ms > until_ms) return (this.now = until_ms, "late");
        this.now += picture_ms;
        const at_ms = this.now;
        return { at_ms, look: () => light_at(at_ms, bright) };
      },
    };
  }

  /** Until nothing goes on by itself any more; gives where it ended. */
  async goes(): Promise<Step> {
    this.check_in.start();
    for (let turns = 0; turns < 20_000; ++turns) {
      await Promise.resolve();
      const { step } = this.check_in.state.get();
      const over = step.is === "again" ? step.at_ms === null : ["done", "closed", "spent", "failed"].includes(step.is);
      if (over) return step;
    }
    throw new Error("it never ends");
  }

  whys(): string[] {
    return this.steps.flatMap((step) => (step.is === "again" ? [step.why] : []));
  }
}

/** How many frames, and when the last came. */
function wire_of({ descriptor }: CheckinAttempt): { count: number; last_ms: number } {
  const bytes = from_base64url(descriptor);
  const count = bytes[1] ?? 0;
  return { count, last_ms: new DataView(bytes.buffer).getUint16(4 + 18 * (count - 1), true) };
}

test("a ticket, a burst in its time, and it is done", async () => {
  const world = new World({ tickets: [ticket({ start_delay_ms: 3000 })] });
  const begun = world.now;
  assert.deepEqual(await world.goes(), { is: "done", window: 2, points: 120 });
  const [sent] = world.sent;
  assert.ok(sent !== undefined && world.sent.length === 1);
  assert.deepEqual([sent.ticket, sent.path, sent.rtt_ms], ["t", "cable", 40]);
  const { count, last_ms } = wire_of(sent);
  assert.ok(count === 24 && last_ms >= 2875 && last_ms <= 3400, `${count} until ${last_ms}`);
  // From when it was asked for: the way there and back, the delay, and the first picture.
  assert.ok(sent.dt_ms >= 3040 && sent.dt_ms < 3100, `${sent.dt_ms}`);
  assert.ok(world.now - begun < 15_000);
  assert.equal(world.used, 1);
  assert.deepEqual([...new Set(world.steps.map(({ is }) => is))],
    ["looking", "asking", "ready", "watching", "sending", "done"]);
  const counts = world.steps.flatMap((step) => (step.is === "watching" ? [step.count] : []));
  assert.deepEqual([...new Set(counts)], Array.from({ length: 25 }, (_, i) => i));
});

test("a camera that drops pictures does with twelve; with less it is tried once more, and then one is told", async () => {
  const slow = new World({ picture_ms: 250 });
  assert.equal((await slow.goes()).is, "done");
  const { count, last_ms } = wire_of(slow.sent[0] as CheckinAttempt);
  assert.ok(count >= 12 && last_ms >= burst_ms_min && last_ms <= 3400);
  const slower = new World({ picture_ms: 300 });
  assert.deepEqual(await slower.goes(), { is: "again", why: "few_pictures", at_ms: null, kept: false });
  assert.deepEqual(slower.whys(), ["few_pictures", "few_pictures"]);
  assert.deepEqual([slower.asked, slower.sent.length, slower.used], [1, 0, 0]);
});

test("who looked away begins again, with nothing sent of it", async () => {
  const world = new World({ hidden: [7000, 12_000] });
  assert.equal((await world.goes()).is, "done");
  assert.equal(world.sent.length, 1);
  assert.ok(world.whys().length > 0 && world.whys().every((why) => why === "hidden"));
});

test("the corners go to the edges; where that did not do, they stay as laid, once, with the same ticket", async () => {
  const rough = guide(width / height);
  const quad: Quad = [{ x: 0.17, y: 0.24 }, { x: 0.83, y: 0.17 }, { x: 0.77, y: 0.83 }, { x: 0.23, y: 0.77 }];
  const world = new World({ answers: [retry("step_closer"), retry("step_closer")] }, quad);
  const found: (Quad | null)[] = [];
  world.check_in.state.follow(() => {
    const { step, found: now } = world.check_in.state.get();
    if (step.is === "sending") found.push(now);
  });
  assert.deepEqual(await world.goes(), { is: "again", why: "step_closer", at_ms: null, kept: false });
  assert.ok(found.length === 2 && found[0] !== null && found[1] === null);
  assert.deepEqual([world.asked, world.used, world.sent.length], [1, 1, 2]);
  assert.notEqual(world.sent[0]?.descriptor, world.sent[1]?.descriptor);
  // Who presses again has moved: the edges are looked for again.
  world.check_in.lay(rough);
  assert.equal((await world.goes()).is, "done");
  assert.equal(world.sent.length, 3);
});

test("the whole picture has no edges: none are looked for", async () => {
  const world = new World({}, whole);
  assert.equal((await world.goes()).is, "done");
  assert.ok(!world.steps.some(({ is }) => is === "looking"));
});

test("where the corners lie well, nothing is tried that was tried", async () => {
  const world = new World({ answers: [retry("hold_still")], bright: false });
  assert.deepEqual(await world.goes(), { is: "again", why: "hold_still", at_ms: null, kept: false });
  assert.equal(world.sent.length, 1);
});

test("busy: what was seen is kept and sent again, as long as its ticket is good", async () => {
  const world = new World({ answers: [failure("busy"), failure("unreachable")] });
  assert.equal((await world.goes()).is, "done");
  assert.deepEqual(world.whys(), ["busy", "unreachable"]);
  assert.ok(world.steps.every((step) => step.is !== "again" || step.kept));
  assert.equal(new Set(world.sent.map(({ descriptor }) => descriptor)).size, 1);
  assert.deepEqual([world.sent.length, world.asked, world.used], [3, 1, 1]);
});

test("nobody hears that their place is kept where it is not", async () => {
  const world = new World({ tickets: [ticket({ start_delay_ms: 8000 })], answers: [failure("busy"), failure("busy")] });
  assert.equal((await world.goes()).is, "done");
  // The second time the ticket is too old by then: another one, and another burst.
  const kept = world.steps.flatMap((step) => (step.is === "again" ? [step.kept] : []));
  assert.deepEqual(kept, [true, false]);
  assert.equal(world.asked, 2);
  const [first, second, third] = world.sent;
  assert.ok(first?.descriptor === second?.descriptor && second?.descriptor !== third?.descriptor);
  const lost = new World({ tickets: [failure("busy")] });
  await lost.goes();
  assert.ok(lost.steps.every((step) => step.is !== "again" || !step.kept));
});

test("it does not ask for ever, and not at once", async () => {
  const world = new World({ tickets: Array<Failure>(9).fill({ ...failure("busy"), retry_after_s: 3 }) });
  assert.deepEqual(await world.goes(), { is: "again", why: "busy", at_ms: null, kept: false });
  assert.equal(world.asked, 6);
  assert.deepEqual(world.slept, [3000, 3000, 4000, 8000, 8000]);
  const refused = new World({ tickets: [failure("denied")] });
  assert.equal((await refused.goes()).is, "failed");
  assert.equal(refused.asked, 1);
});

test("the next stretch is waited for, where it comes soon", async () => {
  const wait: TicketAnswer = { answer: "retry", hint: "wait", retry_in_ms: 20_000 };
  const world = new World({ tickets: [wait], answers: [retry("wait", 9000)] });
  assert.equal((await world.goes()).is, "done");
  assert.deepEqual(world.whys(), ["wait", "wait"]);
  assert.deepEqual(world.slept, [20_000, 9000]);
  assert.equal(world.asked, 3);
  const later = new World({ tickets: [{ answer: "not_now", retry_in_ms: 1_800_000 }] });
  const closed = await later.goes();
  assert.ok(closed.is === "closed" && closed.at_ms === later.now + 1_800_000);
  const over = new World({ answers: [{ answer: "not_now", retry_in_ms: null }] });
  assert.deepEqual(await over.goes(), { is: "closed", at_ms: null });
});

test("a ticket that is too old is changed for a new one, a few times", async () => {
  const world = new World({ answers: [retry("new_ticket")] });
  assert.equal((await world.goes()).is, "done");
  assert.deepEqual([world.asked, world.used, world.sent.length], [2, 2, 2]);
  const never = new World({ answers: Array<CheckinAnswer>(9).fill(retry("new_ticket")) });
  assert.deepEqual(await never.goes(), { is: "again", why: "new_ticket", at_ms: null, kept: false });
  assert.equal(never.sent.length, 3);
});

test("a ticket of a key that is gone is changed for a new one; a session that is over is not", async () => {
  const world = new World({ answers: [failure("unauthenticated")] });
  assert.equal((await world.goes()).is, "done");
  assert.deepEqual([world.asked, world.sent.length], [2, 2]);
  const over = new World({ tickets: [ticket(), failure("unauthenticated")], answers: [failure("unauthenticated")] });
  assert.deepEqual(await over.goes(), { is: "failed", failure: failure("unauthenticated") });
});

test("the eleventh ticket would make all void, so that there is none", async () => {
  const world = new World({ used: 10 });
  assert.deepEqual(await world.goes(), { is: "spent" });
  assert.deepEqual([world.asked, world.sent.length], [0, 0]);
});

test("who stops, stops", async () => {
  const world = new World({});
  world.check_in.start();
  for (let i = 0; i < 40; ++i) await Promise.resolve();
  world.check_in.stop();
  for (let i = 0; i < 2000; ++i) await Promise.resolve();
  assert.equal(world.sent.length, 0);
  assert.equal(world.check_in.state.get().step.is, "aiming");
});
