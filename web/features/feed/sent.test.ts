// Goal: what was in a refused post comes back, also when the refusal came during a reload.
import assert from "node:assert/strict";
import test from "node:test";
import type { Client, CreatedPost } from "../../../sdk/ts/src/index";
import { SentPosts } from "./sent";

function tab(): Pick<Storage, "getItem" | "setItem"> {
  const kept = new Map<string, string>();
  return { getItem: (key) => kept.get(key) ?? null, setItem: (key, value) => void kept.set(key, value) };
}
const drawing = { strokes: [{ pen: 1 as const, eraser: false, points: [4, 4, 0] }] };
const post = (id: string): CreatedPost =>
  ({ id, position: `0.1.0000000000000001.${id}` }) as CreatedPost;

test("a refusal gives the text back once; a seen post is forgotten", () => {
  const sent = new SentPosts(tab());
  sent.add(post("1"), "c1", { text: "one" });
  sent.add(post("2"), "p7", { text: "two", drawing });
  sent.seen("1");
  const why = { code: "conflict", reason: "same" } as const;
  assert.equal(sent.refused({ post: "1", ...why }), null);
  assert.deepEqual(sent.refused({ post: "2", ...why }), { place: "p7", content: { text: "two", drawing }, ...why });
  assert.equal(sent.refused({ post: "2", ...why }), null);
});

test("a refusal that overtakes the answer to its post still finds the text", () => {
  const sent = new SentPosts(tab());
  const refusal = { position: "p", code: "conflict", reason: "same" } as const;
  sent.hold({ post: "7", ...refusal });
  sent.hold({ post: "8", ...refusal });
  assert.equal(sent.add(post("6"), "c1", { text: "six" }), null);
  assert.deepEqual(sent.add(post("7"), "c1", { drawing }),
    { place: "c1", content: { drawing }, code: "conflict", reason: "same" });
  assert.deepEqual(sent.all().map((one) => one.post), ["6"]);
  assert.deepEqual(sent.release().map((one) => one.post), ["8"]);
  assert.deepEqual(sent.release(), []);
});

test("after a reload the fate of each is asked", async () => {
  const storage = tab();
  const before = new SentPosts(storage);
  for (const id of ["1", "2", "3", "4"]) before.add(post(id), "c1", { text: `text ${id}` });
  const fates: Record<string, object> = {
    1: { ok: true, value: { status: "applied" } },
    2: { ok: true, value: { status: "refused", code: "conflict", reason: "said already" } },
    3: { ok: true, value: { status: "pending" } },
    4: { ok: false, failure: { code: "not_found" } },
  };
  const client = { commands: {
    get: async (position: string) => fates[position.slice(-1)],
  } } as unknown as Client;
  const after = new SentPosts(storage);
  assert.deepEqual(await after.ask(client), [
    { place: "c1", content: { text: "text 2" }, code: "conflict", reason: "said already" },
  ]);
  assert.deepEqual(after.all().map((one) => one.post), ["3"]);
});

test("no more than ten are kept, and a broken storage breaks nothing", () => {
  const sent = new SentPosts(tab());
  for (let i = 1; i <= 15; ++i) sent.add(post(String(i)), "c1", { text: "x" });
  assert.equal(sent.all().length, 10);
  new SentPosts(undefined).add(post("1"), "c1", { text: "x" });
});
