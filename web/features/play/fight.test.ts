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

class Shard {
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
