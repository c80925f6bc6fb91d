// Goal: a live stream survives every loss, resumes after the last id, and says when it could not.
// Method: a fetch that gives scripted answers and records what it was asked.
import assert from "node:assert/strict";
import test from "node:test";
import { LiveStream, type StreamHandlers } from "./stream";

interface Asked { last_id: string | null }

function scripted(answers: (Response | Error)[], asked: Asked[]): typeof fetch {
  return (async (_url, init) => {
    const headers = new Headers(init?.headers);
    asked.push({ last_id: headers.get("Last-Event-ID") });
    const answer = answers.shift();
    if (answer === undefined) {
      return new Promise<Response>((_, fail) =>
        init?.signal?.addEventListener("abort", () => fail(new Error("aborted"))));
    }
    if (answer instanceof Error) throw answer;
    return answer;
  }) as typeof fetch;
}

async function run(
  answers: (Response | Error)[], until: number, extra: StreamHandlers = {},
): Promise<{ asked: Asked[]; said: string[] }> {
  const asked: Asked[] = [];
  const said: string[] = [];
  const stream = new LiveStream({
    fetch: scripted(answers, asked), url: "/v1/stream?community=1", headers: () => ({}),
    backoff_ms: () => 0,
    handlers: {
      open: (resumed) => said.push(resumed ? "resumed" : "opened"),
      post: (post) => said.push(`post ${post.id}`),
      refused: (refusal) => said.push(`refused ${refusal.post}`),
      reset: () => said.push("reset"),
      lost: () => said.push("lost"),
      ...extra,
    },
  });
  while (asked.length < until) await new Promise((done) => setTimeout(done, 1));
  stream.close();
  return { asked, said };
}

test("it resumes after the last id and tells a fresh start from a resumed one", async () => {
  const { asked, said } = await run([
    new Response("id: 4\nevent: ready\ndata: {}\n\nid: 5\nevent: post\ndata: {\"id\":\"5\"}\n\n"),
    new Response("id: 5\nevent: ready\ndata: {}\n\nid: 6\nevent: refused\ndata: {\"post\":\"5\"}\n\nevent: reset\ndata: {}\n\n"),
  ], 3);
  assert.deepEqual(asked.map((one) => one.last_id), [null, "5", "6"]);
  assert.deepEqual(said.slice(0, 7),
    ["opened", "post 5", "lost", "resumed", "refused 5", "reset", "lost"]);
});

test("an error, a busy server and a foreign event do not end it", async () => {
  const { asked, said } = await run([
    new Error("no network"), new Response("busy", { status: 503 }),
    new Response("id: 0\nevent: ready\ndata: {}\n\nid: 1\nevent: later\ndata: x\n\n"
      + "id: 2\nevent: post\ndata: {cut\n\n"),
  ], 4);
  assert.deepEqual(asked.map((one) => one.last_id), [null, null, null, "2"]);
  assert.deepEqual(said.slice(0, 4), ["lost", "lost", "opened", "lost"]);
});

test("an answer that ends before the server listens has not opened anything", async () => {
  const { said } = await run([new Response(""), new Response(": beat\n\n")], 3);
  assert.deepEqual(said.slice(0, 2), ["lost", "lost"]);
});

test("a paused stream lets go, and comes back where it was", async () => {
  const asked: Asked[] = [];
  const body = new ReadableStream<Uint8Array>({
    start: (c) => c.enqueue(new TextEncoder().encode("id: 3\nevent: post\ndata: {\"id\":\"3\"}\n\n")),
  });
  let seen = 0;
  const stream = new LiveStream({
    fetch: scripted([new Response(body), new Error("x")], asked), url: "/", headers: () => ({}),
    silence_ms: 20, backoff_ms: () => 0, handlers: { post: () => ++seen },
  });
  while (seen === 0) await new Promise((done) => setTimeout(done, 1));
  stream.pause();
  await new Promise((done) => setTimeout(done, 30));
  assert.equal(asked.length, 1);
  stream.resume();
  while (asked.length < 2) await new Promise((done) => setTimeout(done, 1));
  assert.equal(asked[1]?.last_id, "3");
  stream.close();
});
