// Goal: what can pass is tried again with the same key; what cannot is said at once.
import assert from "node:assert/strict";
import test from "node:test";
import type { Client, Failure, Reply, CreatedPost } from "../../../sdk/ts/src/index";
import { Sender, wait_s, type Letter } from "./sending";

const letter: Letter = { community: "1", text: "a", idempotency_key: "k" };
const failed = (code: Failure["code"], more: Partial<Failure> = {}): Failure =>
  ({ code, status: 0, detail: "", ...more });

test("waits grow, follow Retry-After, and are bounded", () => {
  assert.equal(wait_s(failed("busy"), 1), 2);
  assert.equal(wait_s(failed("unreachable"), 3), 8);
  assert.equal(wait_s(failed("exhausted", { retry_after_s: 30 }), 1), 30);
  assert.equal(wait_s(failed("busy", { retry_after_s: 999 }), 30), 60);
  for (const code of ["invalid", "denied", "unauthenticated", "not_found"] as const) {
    assert.equal(wait_s(failed(code), 1), null, code);
  }
  assert.equal(wait_s(failed("conflict"), 1), null); // The duplicate guard.
  assert.equal(wait_s(failed("conflict"), 2), 2); // The first try may be under way.
});

function sender_with(replies: Reply<CreatedPost>[], online = true) {
  const sent: Letter[] = [];
  const posted: string[] = [];
  const client = { posts: { create: async (one: Letter) => {
    sent.push(one);
    return replies.shift();
  } } } as unknown as Client;
  const sender = new Sender(client, (post) => posted.push(post.id), () => online);
  return { sender, sent, posted };
}
const settled = () => new Promise((done) => setTimeout(done, 5));

test("a lost answer is asked for again under the same key", async () => {
  const { sender, sent, posted } = sender_with([
    { ok: false, failure: failed("unreachable") },
    { ok: true, value: { id: "9" } as CreatedPost, stale: false },
  ]);
  sender.send(letter);
  await settled();
  assert.equal(sender.state.get().state, "waiting");
  sender.try_now();
  await settled();
  assert.deepEqual(sent.map((one) => one.idempotency_key), ["k", "k"]);
  assert.deepEqual(posted, ["9"]);
  assert.equal(sender.state.get().state, "idle");
});

test("without a connection it waits for the connection, not for a time", async () => {
  const { sender } = sender_with([{ ok: false, failure: failed("unreachable") }], false);
  sender.send(letter);
  await settled();
  const state = sender.state.get();
  assert.ok(state.state === "waiting" && state.retry_at_ms === null);
  sender.stop();
  assert.equal(sender.state.get().state, "idle");
});

test("what is wrong stays with its reason", async () => {
  const { sender, posted } = sender_with([{ ok: false, failure: failed("invalid") }]);
  sender.send(letter);
  await settled();
  assert.equal(sender.state.get().state, "failed");
  assert.deepEqual(posted, []);
});
