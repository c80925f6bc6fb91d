// Goal: what goes out is what the API says, and every way of failing is a value.
import assert from "node:assert/strict";
import test from "node:test";
import { Client } from "./client";

interface Sent { method: string; url: string; headers: Headers; body: unknown }

function client_with(
  answer: (sent: Sent) => Response | Promise<Response>,
): { client: Client; sent: Sent[] } {
  const sent: Sent[] = [];
  const fetch_of = (async (url, init) => {
    const one = {
      method: init?.method ?? "GET", url: String(url), headers: new Headers(init?.headers),
      body: init?.body === undefined ? undefined : JSON.parse(String(init.body)),
    };
    sent.push(one);
    return answer(one);
  }) as typeof fetch;
  return { client: new Client({ fetch: fetch_of, token: "mt_x", timeout_ms: 50 }), sent };
}

test("a post carries its key, and its position goes with the next read", async () => {
  const { client, sent } = client_with((one) => one.method === "POST"
    ? new Response("{\"id\":\"9\"}", { status: 201, headers: { "Matsuri-Position": "p1" } })
    : new Response("{\"posts\":[],\"next\":null}", { headers: { "Matsuri-Stale": "1" } }));
  const made = await client.posts.create({ community: "1", text: "a", idempotency_key: "k" });
  assert.ok(made.ok && made.value.id === "9");
  const page = await client.posts.list("1", { limit: 5, before: "a/b" });
  assert.ok(page.ok && page.stale);
  assert.equal(sent[0]?.headers.get("Idempotency-Key"), "k");
  assert.equal(sent[0]?.headers.get("Authorization"), "Bearer mt_x");
  assert.deepEqual(sent[0]?.body, { text: "a" });
  assert.equal(sent[1]?.url, "/v1/communities/1/posts?limit=5&before=a%2Fb");
  assert.equal(sent[1]?.headers.get("Matsuri-Position"), "p1");
});

test("commands wait for each other, and each sends the position of the one before", async () => {
  let running = 0;
  let made = 0;
  const { client, sent } = client_with(async () => {
    assert.equal(++running, 1);
    await new Promise((done) => setTimeout(done, 2));
    --running;
    return new Response(null, { status: 204, headers: { "Matsuri-Position": `p${++made}` } });
  });
  await Promise.all([client.blocks.add("aaa"), client.blocks.add("bbb"), client.blocks.remove("ccc")]);
  assert.deepEqual(sent.map((one) => one.headers.get("Matsuri-Position")), [null, "p1", "p2"]);
});

test("a problem, a foreign error page and silence are failures with a code", async () => {
  const problem = JSON.stringify({ code: "exhausted", detail: "slow down" });
  const limited = client_with(() =>
    new Response(problem, { status: 429, headers: { "Retry-After": "7" } })).client;
  const first = await limited.accounts.me();
  assert.deepEqual(first, { ok: false, failure:
    { code: "exhausted", status: 429, detail: "slow down", retry_after_s: 7 } });

  const proxy = client_with(() => new Response("<html>", { status: 502, statusText: "Bad" })).client;
  const second = await proxy.accounts.me();
  assert.ok(!second.ok && second.failure.code === "busy" && second.failure.status === 502);

  const silent = new Client({ timeout_ms: 5, fetch: ((_url, init) =>
    new Promise((_, fail) => init?.signal?.addEventListener("abort", () => fail(new Error("late")))
    )) as typeof fetch });
  const third = await silent.sessions.end_all();
  assert.ok(!third.ok && third.failure.code === "unreachable");
  // The next command is not held up by the one that failed.
  const fourth = await silent.sessions.end_current();
  assert.ok(!fourth.ok && fourth.failure.code === "unreachable");
});
