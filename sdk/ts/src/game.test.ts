// Goal: a command happens once or not at all, whatever becomes of answers, and its outcome is told.
// Method: a server in a few lines, which remembers keys as the real one does, and loses answers,
// sessions and its patience when it is told to.
import assert from "node:assert/strict";
import test from "node:test";
import { Game, key_of, type Deed, type GameOptions } from "./game";
import type { GameCommand, GameOutcome } from "./types";

interface Sent { method: string; path: string; headers: Headers; body: unknown; credentials: string | undefined }

const now_ms = 1_764_122_400_000;
const json = (value: unknown, status = 200, headers: Record<string, string> = {}) =>
  new Response(JSON.stringify(value), { status, headers });
const problem = (status: number, code: string, headers: Record<string, string> = {}) =>
  json({ code, detail: code }, status, headers);

class Shard {
  sent: Sent[] = [];
  decided = new Map<string, GameOutcome>();
  sessions = 0;
  /** What comes in place of the next answers; a string is an outcome for every command. */
  next: (((answer: Response) => Response | Error) | string)[] = [];
  private seq = 0;

  readonly fetch = (async (url, init) => {
    const one: Sent = {
      method: init?.method ?? "GET", path: String(url), headers: new Headers(init?.headers),
      credentials: init?.credentials, body: init?.body === undefined ? undefined : JSON.parse(String(init.body)),
    };
    this.sent.push(one);
    if (one.path.endsWith("/sessions")) return this.open();
    if (one.method === "GET") return this.look_up(one.path);
    const next = this.next.shift();
    if (typeof next === "string") {
      return json({ outcomes: this.commands(one).map(({ key }) => ({ key, outcome: next, message: "" })), token: "t" });
    }
    // What refuses us decides nothing; an answer that gets lost does.
    if (next !== undefined && next.length === 0) return next(new Response());
    const answer = json({ outcomes: this.commands(one).map((command) => this.decide(command)), token: "t" });
    const shown = next?.(answer) ?? answer;
    if (shown instanceof Error) throw shown;
    return shown;
  }) as typeof fetch;

  private commands(one: Sent): GameCommand[] {
    return (one.body as { commands: GameCommand[] }).commands;
  }

  private open(): Response {
    ++this.sessions;
    return json({
      player_token: `p${this.sessions}`, player: "42", server_time_ms: now_ms,
      expires_at: new Date(now_ms + 86_400_000).toISOString(),
    }, 201);
  }

  private decide({ key }: GameCommand): GameOutcome {
    const first = this.decided.get(key);
    if (first !== undefined) return { ...first, duplicate: true };
    const outcome: GameOutcome = { key, outcome: "applied", duplicate: false, seq: ++this.seq, time_ms: now_ms, entities: [] };
    this.decided.set(key, outcome);
    return outcome;
  }

  private look_up(path: string): Response {
    const key = /commands\/([^?]+)/.exec(path)?.[1] ?? "";
    const outcome = this.decided.get(key);
    return outcome === undefined ? problem(404, "not_found") : json({ outcome: { ...outcome, duplicate: true } });
  }

  keys(): string[][] {
    return this.sent.filter((one) => one.path.endsWith("/commands")).map((one) => this.commands(one).map(({ key }) => key));
  }
}

const lost = (_: Response) => new Error("the answer got lost");
const deed = (reason = "raid.attack"): Deed => ({
  arena: "raid-7", reason, entities: [{ kind: "boss", id: "b1" }],
  guards: [{ entity: 0, field: "hp", is: ">", value: 0 }],
  steps: [{ entity: 0, field: "hp", do: "sub_clamp", value: 10 }],
});

async function playing(options: Partial<GameOptions> = {}): Promise<{ shard: Shard; game: Game }> {
  const shard = new Shard();
  const game = new Game({ http: { base: "", fetch: shard.fetch, timeout_ms: 1000 }, headers: {} },
    { title: "5", title_key: "mk_client", backoff_ms: () => 0, ...options });
  const opened = await game.open();
  assert.ok(opened.ok && opened.value.player === "42");
  return { shard, game };
}

function memory() {
  const kept = new Map<string, string>();
  return { kept, getItem: (key: string) => kept.get(key) ?? null, setItem: (key: string, value: string) => void kept.set(key, value) };
}

test("keys are UUIDs of version 7, of the server's time", async () => {
  const pattern = /^([0-9a-f]{8})-([0-9a-f]{4})-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
  const [, high = "", low = ""] = pattern.exec(key_of(now_ms)) ?? [];
  assert.equal(parseInt(high + low, 16), now_ms);
  assert.notEqual(key_of(now_ms), key_of(now_ms));
  const { game } = await playing();
  assert.ok(Math.abs(game.server_now() - now_ms) < 1000);
});

test("the session is asked for as the account, commands as the player", async () => {
  const { shard, game } = await playing();
  const reply = await game.send(deed());
  assert.ok(reply.ok && reply.value.outcome === "applied" && !reply.value.duplicate);
  const [session, command] = shard.sent;
  assert.equal(session?.path, "/v1/game/5/sessions");
  assert.deepEqual(session?.body, { title_key: "mk_client" });
  assert.equal(session?.credentials, "same-origin");
  assert.equal(command?.headers.get("Authorization"), "Bearer mk_client");
  assert.equal(command?.headers.get("Matsuri-Player"), "p1");
  assert.equal(command?.credentials, "omit");
});

test("commands keep their order, and what waits goes out together", async () => {
  const { shard, game } = await playing();
  const replies = await Promise.all(["a", "b", "c"].map((reason) => game.send(deed(reason))));
  assert.deepEqual(replies.map((reply) => reply.ok && reply.value.seq), [1, 2, 3]);
  assert.deepEqual(shard.keys().map((keys) => keys.length), [1, 2]);
});

test("a lost answer is asked for again with the same key, and the first outcome is told", async () => {
  const said: (string | null)[] = [];
  const { shard, game } = await playing({ on_waiting: (failure) => said.push(failure?.code ?? null) });
  shard.next = [lost, lost];
  const reply = await game.send(deed());
  assert.ok(reply.ok && reply.value.duplicate && reply.value.seq === 1);
  assert.equal(new Set(shard.keys().flat()).size, 1);
  assert.equal(shard.keys().length, 3);
  assert.equal(shard.decided.size, 1);
  await new Promise((done) => setTimeout(done, 0));
  assert.deepEqual(said, ["unreachable", "unreachable", null]);
});

test("what was not executed goes again with the same key", async () => {
  for (const outcome of ["overloaded", "not_owner", "busy", "key_from_future"]) {
    const { shard, game } = await playing();
    shard.next = [outcome];
    const reply = await game.send(deed());
    assert.ok(reply.ok && reply.value.outcome === "applied" && !reply.value.duplicate, outcome);
    assert.equal(new Set(shard.keys().flat()).size, 1, outcome);
  }
});

test("what nobody knew is looked up, and sent again only where it was not executed", async () => {
  const { shard, game } = await playing();
  shard.next = ["unknown"];
  const never = await game.send(deed());
  assert.ok(never.ok && !never.value.duplicate);
  assert.match(shard.sent[2]?.path ?? "", /^\/v1\/game\/5\/commands\/[0-9a-f-]{36}\?arena=raid-7$/);
  assert.equal(shard.keys().length, 2);

  // Decided, and the answer says that it does not know.
  shard.next = [(_) => json({ outcomes: [{ key: "", outcome: "unknown", message: "" }], token: "t" })];
  const known = await game.send(deed());
  assert.ok(known.ok && known.value.duplicate && known.value.seq === 2);
  assert.equal(shard.keys().length, 3);
});

test("outcomes that stand are told, also the bad ones", async () => {
  const { shard, game } = await playing();
  for (const outcome of ["rejected", "version_mismatch", "invalid", "key_reuse", "key_too_old"]) {
    shard.next = [outcome];
    const reply = await game.send(deed());
    assert.ok(reply.ok && reply.value.outcome === outcome, outcome);
  }
  assert.equal(game.waiting(), 0);
});

test("a busy server is waited for, and an over session is renewed once", async () => {
  const { shard, game } = await playing();
  shard.next = [() => problem(503, "busy"), () => problem(401, "unauthenticated")];
  const reply = await game.send(deed());
  assert.ok(reply.ok);
  assert.equal(shard.sessions, 2);
  assert.equal(shard.sent.at(-1)?.headers.get("Matsuri-Player"), "p2");
});

test("a title that is gone fails, and who is signed out keeps what they did", async () => {
  const store = memory();
  const { shard, game } = await playing({ store });
  shard.next = [() => problem(404, "not_found")];
  const gone = await game.send(deed());
  assert.ok(!gone.ok && gone.failure.code === "not_found");
  assert.equal(store.kept.get("matsuri-game-5-42"), "[]");
  shard.next = [() => problem(401, "unauthenticated"), () => problem(401, "unauthenticated")];
  const out = await game.send(deed());
  assert.ok(!out.ok && out.failure.code === "unauthenticated");
  assert.equal(JSON.parse(store.kept.get("matsuri-game-5-42") ?? "").length, 1);
});

test("what a page left goes out with the next one's first session, under its keys", async () => {
  const store = memory();
  const first = await playing({ store, backoff_ms: () => 60_000 });
  first.shard.next = [lost];
  void first.game.send(deed());
  void first.game.send(deed());
  while (first.shard.keys().length < 1) await new Promise((done) => setTimeout(done, 1));
  first.game.close();
  const left = (JSON.parse(store.kept.get("matsuri-game-5-42") ?? "") as GameCommand[]).map(({ key }) => key);
  assert.equal(left.length, 2);

  const next = await playing({ store });
  while (next.game.waiting() > 0) await new Promise((done) => setTimeout(done, 1));
  assert.deepEqual(next.shard.keys(), [left]);
  assert.equal(store.kept.get("matsuri-game-5-42"), "[]");
});

test("no more than the queue holds waits, and nothing before the session", async () => {
  const closed = new Game({ http: { base: "", fetch: new Shard().fetch, timeout_ms: 1 }, headers: {} },
    { title: "5", title_key: "k" });
  assert.ok(!(await closed.send(deed())).ok);
  const { shard, game } = await playing({ backoff_ms: () => 60_000 });
  shard.next = [lost];
  for (let count = 0; count < 256; ++count) void game.send(deed());
  const over = await game.send(deed());
  assert.ok(!over.ok && over.failure.code === "busy");
  game.close();
});

test("changes come as the player, resume after the last one, and bring the server's time", async () => {
  const asked: (string | null)[] = [];
  const answers = [
    "id: g0\nevent: ready\ndata: {}\n\n" + `id: g1\nevent: change\ndata: ${JSON.stringify({ seq: 1, time_ms: now_ms + 90_000 })}\n\n`,
    "id: g1\nevent: ready\ndata: {}\n\nid: g2\nevent: change\ndata: {\"seq\":2,\"time_ms\":1}\n\n",
  ];
  const shard = new Shard();
  const game = new Game({
    headers: {}, http: {
      base: "", timeout_ms: 1000, fetch: (async (url, init) => {
        if (!String(url).includes("/changes")) return shard.fetch(url, init);
        const headers = new Headers(init?.headers);
        asked.push(`${headers.get("Matsuri-Player")} ${headers.get("Last-Event-ID")} ${String(url).split("/").at(-1)}`);
        const answer = answers.shift();
        return answer === undefined ? problem(409, "conflict") : new Response(answer);
      }) as typeof fetch,
    },
  }, { title: "5", title_key: "k" });
  const told: string[] = [];
  await new Promise<void>((done) => {
    game.follow({ arena: "raid-7", after: "g0" }, {
      open: (resumed) => told.push(resumed ? "resumed" : "opened"),
      change: ({ seq }) => told.push(`change ${seq}`),
      lost: (status) => {
        told.push(`lost ${status}`);
        if (status === 409) done();
        else game.try_now();
      },
    });
  });
  game.close();
  assert.deepEqual(told, ["opened", "change 1", "lost 0", "resumed", "change 2", "lost 0", "lost 409"]);
  assert.deepEqual(asked.slice(0, 2), ["p1 null changes?arena=raid-7&after=g0", "p1 g1 changes?arena=raid-7&after=g0"]);
  assert.ok(game.server_now() >= now_ms + 90_000);
});

test("a stream that can't go on from its place says so as a refusal does", async () => {
  const shard = new Shard();
  const game = new Game({
    headers: {}, http: {
      base: "", timeout_ms: 1000, fetch: (async (url, init) => (String(url).includes("/changes")
        ? new Response("event: reset\ndata: {}\n\n") : shard.fetch(url, init))) as typeof fetch,
    },
  }, { title: "5", title_key: "k" });
  const status = await new Promise<number>((done) => {
    game.follow({ arena: "raid-7", after: "g0" }, { change: () => done(-1), lost: done });
  });
  game.close();
  assert.equal(status, 409);
});
