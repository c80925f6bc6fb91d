// Goal: a page shows the raid from its first change on, goes on after every loss, and what one does
// goes out once. Method: a server of a few lines behind the real client.
import assert from "node:assert/strict";
import test from "node:test";
import { Client, type GameChange, type GameCommand, type Play } from "../../../sdk/ts/src/index";
import { Fight } from "./fight";

const hour_ms = 3_600_000;
const arena = `raid-${Math.floor(Date.now() / hour_ms)}`;
const json = (value: unknown, status = 200) => new Response(JSON.stringify(value), { status });
const play = { title: { id: "5" }, title_key: "mk_client" } as Play;

const joined = (seq: number, id: string): GameChange => ({
  arena, seq, key: `k${seq}`, actor: id, reason: "raid.join", time_ms: 0, entities: [
    { kind: "boss", id: "catfish", version: 1, fields: { hp: 12_000, hp_max: 12_000 } },
    { kind: "raider", id, version: 1, fields: { hp: 100 } },
  ],
});

const entry = (rank: number, id: string, value: number) => ({ rank, id, value, person: null });
const page_of = (entries: object[]) => json({ entries, index: 0, count: 30, as_of: "g", stale: false });

class Shard {
  /** What boards say, by the rest of their address; of others there are none. */
  boards: Record<string, () => Response> = {};
  changes: GameChange[] = [];
  commands: GameCommand[] = [];
  asked: string[] = [];
  /** What streams say, one a connection; without one it stays silent. */
  streams: (string | Response)[] = [];
  answer: (command: GameCommand) => object = ({ key }) => ({ key, outcome: "applied", seq: 99 });
  down = false;

  readonly fetch = (async (url, init) => {
    const address = String(url);
    this.asked.push(address);
    if (this.down) throw new Error("no network");
    if (address.endsWith("/sessions")) {
      return json({
        player_token: "mp_1", player: "42", server_time_ms: Date.now(), expires_at: new Date(Date.now() + hour_ms).toISOString(),
      }, 201);
    }
    const board = /\/boards\/([^?]+)/.exec(address)?.[1];
    if (board !== undefined) {
      return this.boards[board]?.() ?? json({ code: "not_found", detail: "no board" }, 404);
    }
    if (address.startsWith("/v1/people")) {
      return json({ people: [{ id: "42", handle: "mio", name: "Mio", face: "0" }] });
    }
    if (address.endsWith("/commands")) {
      const { commands } = JSON.parse(String(init?.body)) as { commands: GameCommand[] };
      this.commands.push(...commands);
      return json({ outcomes: commands.map(this.answer), token: "g" });
    }
    if (new Headers(init?.headers).get("Accept") === "text/event-stream") {
      const said = this.streams.shift();
      if (said instanceof Response) return said;
      const body = new ReadableStream<Uint8Array>({
        start: (c) => c.enqueue(new TextEncoder().encode(said ?? "id: g0\nevent: ready\ndata: {}\n\n")),
      });
      return new Response(body);
    }
    const from = Number(/after=g(\d+)/.exec(address)?.[1] ?? 0);
    const page = this.changes.slice(from, from + 2);
    return json({ changes: page, next: `g${from + page.length}` });
  }) as typeof fetch;
}

async function until(holds: () => boolean): Promise<void> {
  for (let tries = 0; !holds(); ++tries) {
    assert.ok(tries < 2000, "it does not come");
    await new Promise((done) => setTimeout(done, 2));
  }
}

function fighting(shard: Shard): Fight {
  const fight = new Fight(new Client({ fetch: shard.fetch }), play, "42", undefined, () => 0.5);
  fight.start();
  return fight;
}

test("all pages are read before it is shown, and live changes follow", async () => {
  const shard = new Shard();
  shard.changes = [joined(1, "42"), joined(2, "43"), joined(3, "44")];
  shard.streams = [`id: g3\nevent: ready\ndata: {}\n\nid: g4\nevent: change\ndata: ${JSON.stringify(joined(4, "45"))}\n\n`];
  const fight = fighting(shard);
  await until(() => fight.state.get().status === "ready");
  assert.ok(fight.state.get().raid.raiders.size >= 3);
  await until(() => fight.state.get().raid.raiders.size === 4);
  assert.equal(fight.state.get().live, "live");
  assert.ok(shard.asked.some((address) => address.includes("after=g3")));
  // Who they are: whom nobody may know is asked for once.
  await until(() => fight.state.get().people.size === 4);
  assert.equal(fight.state.get().people.get("42")?.name, "Mio");
  assert.equal(fight.state.get().people.get("43"), null);
  fight.stop();
});

test("a deed that came too late is told at its place, and one that is against the rules is said", async () => {
  const shard = new Shard();
  shard.changes = [joined(1, "42")];
  const fight = fighting(shard);
  const said: string[] = [];
  fight.on_refused = (failure) => said.push(failure.detail);
  await until(() => fight.state.get().status === "ready");
  shard.answer = ({ key }) => ({ key, outcome: "rejected", seq: 7, guard: 0, entities: [] });
  await fight.attack();
  assert.deepEqual(fight.state.get().raid.lines.map(({ seq, late }) => [seq, late]), [[7, "boss_fell"], [1, undefined]]);
  shard.answer = ({ key }) => ({ key, outcome: "invalid", message: "too much" });
  await fight.heal("42");
  assert.deepEqual(said, ["too much"]);
  assert.equal(fight.state.get().waiting, 0);
  fight.stop();
});

test("a place of another past begins anew; a server that is away is asked again", async () => {
  const shard = new Shard();
  shard.changes = [joined(1, "42")];
  shard.streams = [new Response("{}", { status: 409 })];
  const fight = fighting(shard);
  await until(() => fight.state.get().live === "live");
  assert.equal(shard.asked.filter((address) => /changes\?arena=[^&]+&limit/.test(address)).length, 2);
  fight.stop();

  const away = new Shard();
  away.down = true;
  away.changes = [joined(1, "42")];
  const waits = fighting(away);
  await until(() => waits.state.get().status === "failed");
  away.down = false;
  await until(() => waits.state.get().status === "ready");
  waits.stop();
});

test("the ranking shows the best and oneself, and is looked at again when something happens", async () => {
  const shard = new Shard();
  shard.changes = [joined(1, "42")];
  let looks = 0;
  shard.boards = {
    damage: () => (++looks, page_of([entry(1, "7", 90), entry(2, "8", 80)])),
    "damage/around/42": () => page_of([entry(2, "8", 80), entry(9, "42", 30), entry(9, "43", 30)]),
  };
  const fight = fighting(shard);
  const ranks = () => fight.state.get().ranks;
  await until(() => ranks().status === "ready");
  assert.deepEqual(ranks().best.map(({ id }) => id), ["7", "8"]);
  assert.deepEqual(ranks().around.map(({ id, rank }) => [id, rank]), [["42", 9], ["43", 9]]);
  assert.equal(ranks().count, 30);
  // Nothing happened: nobody asks.
  assert.equal(looks, 1);
  fight.stop();

  // Whoever is among the best needs no neighbours; who did nothing has none.
  const best = new Shard();
  best.boards = { ...shard.boards, damage: () => page_of([entry(1, "42", 90)]) };
  const leads = fighting(best);
  await until(() => leads.state.get().ranks.status === "ready");
  assert.deepEqual(leads.state.get().ranks.around, []);
  leads.stop();
  const new_one = new Shard();
  new_one.boards = { damage: () => page_of([entry(1, "7", 90)]), "damage/around/42": () => page_of([]) };
  const watches = fighting(new_one);
  await until(() => watches.state.get().ranks.status === "ready");
  assert.deepEqual(watches.state.get().ranks.around, []);
  watches.stop();
});

test("a place without a ranking shows none, and one that is being counted comes later", async () => {
  const none = new Shard();
  const fight = fighting(none);
  await until(() => fight.state.get().ranks.status === "none");
  fight.stop();
  const counting = new Shard();
  counting.boards = { damage: () => json({ code: "busy", detail: "later" }, 503) };
  const waits = fighting(counting);
  await until(() => waits.state.get().ranks.status === "failed");
  assert.equal(waits.state.get().status, "ready");
  waits.stop();
});
