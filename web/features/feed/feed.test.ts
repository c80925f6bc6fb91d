// Goal: each post is shown once, newest first, however stream and list overlap; and nothing grows
// without bound.
import assert from "node:assert/strict";
import test from "node:test";
import type { Client, Post, PostPage, StreamHandlers, StreamOf } from "../../../sdk/ts/src/index";
import { Feed, id_is_newer, merged, type Place } from "./feed";
import { await_refusal, follow_comments } from "./lists";

const post = (id: number | string, author = "1"): Post => ({
  id: String(id), community: "1", parent: null, text: "t", drawing: null, feeling: 0, spoiler: false, tag: null,
  author: { id: author, handle: "abc", name: "A", face: "0123456789abcdef" }, language: null,
  created_at: "2026-11-21T00:00:00.000Z", edited_at: null, comment_count: 0, empathy_count: 0,
  empathized: false, mine: false,
});
const ids = (posts: readonly Post[]): string[] => posts.map((one) => one.id);

class World {
  handlers: StreamHandlers = {};
  pages: PostPage[] = [];
  reads = 0;
  readonly feed: Feed;

  constructor(pages: PostPage[], place: Place = { community: "1" }) {
    this.pages = pages;
    const read_page = async () => {
      ++this.reads;
      const value = this.pages.shift();
      if (value === undefined) return { ok: false, failure: { code: "busy", status: 503, detail: "" } };
      return { ok: true, value, stale: false };
    };
    const client = {
      stream: (of: StreamOf, handlers: StreamHandlers) => {
        assert.deepEqual(of, place);
        this.handlers = handlers;
        return { close() {}, pause() {}, resume() {} };
      },
      posts: "topic" in place ? { timeline: read_page } : { list: read_page },
    } as unknown as Client;
    this.feed = new Feed(client, place);
    this.feed.start();
  }

  get state() {
    return this.feed.state.get();
  }
}
const tick = (ms = 5) => new Promise((done) => setTimeout(done, ms));
const gathered = () => tick(230);

test("ids compare as numbers, beyond what a double can tell apart", () => {
  assert.ok(id_is_newer("10", "9"));
  assert.ok(id_is_newer("9007199254740993", "9007199254740992"));
  assert.ok(!id_is_newer("5", "5"));
  assert.deepEqual(ids(merged([post(3), post(1)], [post(2), post(3), post(10)])), ["10", "3", "2", "1"]);
});

test("the list is read when the stream stands, and both together show each post once", async () => {
  const world = new World([{ posts: [post(5), post(4)], next: "4" }]);
  assert.equal(world.reads, 0);
  world.handlers.open?.(false);
  world.handlers.post?.(post(5));
  world.handlers.post?.(post(6));
  await gathered();
  assert.deepEqual(ids(world.state.posts), ["6", "5", "4"]);
  assert.equal(world.state.next, "4");
  world.handlers.open?.(true); // Resumed: no post was missed.
  await tick();
  assert.deepEqual(ids(world.state.posts), ["6", "5", "4"]);
  world.feed.stop();
});

test("one's own post is there at once and does not come twice", async () => {
  const world = new World([{ posts: [post(1)], next: null }]);
  world.handlers.open?.(false);
  await tick();
  world.feed.add_own(post(2));
  world.handlers.post?.(post(2));
  await gathered();
  assert.deepEqual(ids(world.state.posts), ["2", "1"]);
  world.feed.stop();
});

test("for a reader further down new posts wait, and come when asked for", async () => {
  const world = new World([{ posts: [post(1)], next: null }]);
  world.handlers.open?.(false);
  await tick();
  world.feed.at_top = () => false;
  world.handlers.post?.(post(2));
  world.handlers.post?.(post(3));
  await gathered();
  assert.deepEqual(ids(world.state.posts), ["1"]);
  assert.deepEqual(ids(world.state.fresh), ["3", "2"]);
  world.feed.show_fresh();
  assert.deepEqual(ids(world.state.posts), ["3", "2", "1"]);
  world.feed.stop();
});

test("a flood is bounded, and the list is read anew instead of kept", async () => {
  const world = new World([
    { posts: [post(1)], next: null }, { posts: [post(1500)], next: "1500" },
  ]);
  world.handlers.open?.(false);
  await tick();
  world.feed.at_top = () => false;
  for (let id = 2; id <= 1500; ++id) world.handlers.post?.(post(id));
  await gathered();
  assert.equal(world.state.fresh.length, 100);
  assert.ok(world.state.fresh_overflow);
  assert.equal(world.state.fresh[0]?.id, "1500");
  world.feed.show_fresh();
  await tick();
  assert.ok(ids(world.state.posts).includes("1500"));
  assert.equal(world.state.next, "1500");
  assert.ok(world.state.posts.length <= 400);
  world.feed.stop();
});

test("refused and blocked posts go away; a reset reads the list again", async () => {
  const world = new World([
    { posts: [post(3, "8"), post(2), post(1)], next: null }, { posts: [post(2)], next: null },
  ]);
  world.handlers.open?.(false);
  await tick();
  const refused: string[] = [];
  world.feed.on_refused = (refusal) => refused.push(refusal.post);
  world.handlers.refused?.({ position: "p", post: "1", code: "conflict", reason: "r" });
  assert.deepEqual(refused, ["1"]);
  world.feed.hide_author("8", true);
  world.handlers.post?.(post(9, "8"));
  await gathered();
  assert.deepEqual(ids(world.state.posts), ["2"]);
  world.handlers.reset?.();
  await tick();
  assert.equal(world.reads, 2);
  world.feed.stop();
});

test("edits, counts and deletions happen where the post is; what is one's own stays", async () => {
  const world = new World([{ posts: [post(2), { ...post(1), empathized: true }], next: null }]);
  world.handlers.open?.(false);
  await tick();
  world.handlers.counts?.({ post: "1", empathy_count: 5, comment_count: 2 });
  world.handlers.counts?.({ post: "1", empathy_count: 6, comment_count: 2 });
  await gathered();
  assert.equal(world.state.posts[1]?.empathy_count, 6);
  world.handlers.post_changed?.({ ...post(1), text: "new" });
  const changed = world.state.posts[1];
  assert.ok(changed?.text === "new" && changed.empathized && changed.empathy_count === 6);
  world.handlers.post_deleted?.({ post: "2" });
  assert.deepEqual(ids(world.state.posts), ["1"]);
  world.feed.stop();
});

test("counts that moved while the connection was gone are read; the list stays as it is", async () => {
  const world = new World([
    { posts: [post(2), post(1)], next: null }, { posts: [{ ...post(2), empathy_count: 3 }], next: "2" },
  ]);
  let resumed = 0;
  world.feed.on_resumed = () => ++resumed;
  world.handlers.open?.(false);
  await tick();
  world.handlers.lost?.();
  world.handlers.open?.(true);
  await tick();
  assert.deepEqual(world.state.posts.map((one) => one.empathy_count), [3, 0]);
  assert.deepEqual([resumed, world.state.next], [1, null]);
  world.feed.stop();
});

test("comments and posts of other communities are not in the list; comments are told of", async () => {
  const world = new World([{ posts: [post(1)], next: null }]);
  world.handlers.open?.(false);
  await tick();
  const heard: string[] = [];
  const end = follow_comments((comment) => heard.push(comment.id));
  world.handlers.post?.({ ...post(2), parent: "1" });
  world.handlers.post?.({ ...post(3), community: "9" });
  await gathered();
  end();
  assert.deepEqual(ids(world.state.posts), ["1"]);
  assert.deepEqual(heard, ["2"]);
  world.feed.stop();
});

test("the refusal of another command takes back what it did, and leaves the post", async () => {
  const world = new World([{ posts: [post(1)], next: null }]);
  world.handlers.open?.(false);
  await tick();
  const undone: string[] = [];
  await_refusal("p9", ({ reason }) => undone.push(reason));
  const refusal = { position: "p9", post: "1", code: "denied", reason: "late" } as const;
  world.handlers.refused?.(refusal);
  assert.deepEqual(undone, ["late"]);
  assert.deepEqual(ids(world.state.posts), ["1"]);
  world.handlers.refused?.(refusal); // Not awaited any more: the post itself.
  assert.deepEqual(ids(world.state.posts), []);
  world.feed.stop();
});

test("a read that failed is tried again by itself", async () => {
  const world = new World([]);
  world.handlers.open?.(false);
  await tick();
  assert.equal(world.state.status, "failed");
  world.pages = [{ posts: [post(1)], next: null }];
  await tick(2100);
  assert.equal(world.state.status, "ready");
  world.feed.stop();
});

test("a failed first read is said, a failed later one keeps what is there", async () => {
  const world = new World([]);
  world.handlers.open?.(false);
  await tick();
  assert.equal(world.state.status, "failed");
  world.pages = [{ posts: [post(1)], next: "1" }];
  world.feed.retry();
  await tick();
  assert.equal(world.state.status, "ready");
  await world.feed.load_older();
  assert.equal(world.state.older, "failed");
  assert.deepEqual(ids(world.state.posts), ["1"]);
  world.feed.stop();
});

test("a timeline takes in posts of every community, and what it had goes where it is read anew", async () => {
  const elsewhere = { ...post(6), community: "9" };
  const world = new World([
    { posts: [post(5, "8"), post(4)], next: null }, { posts: [post(4)], next: null },
  ], { topic: "timeline" });
  world.handlers.open?.(false);
  await tick();
  world.handlers.post?.(elsewhere);
  await gathered();
  assert.deepEqual(ids(world.state.posts), ["6", "5", "4"]);
  // They are followed no more: newer than what is left, and not there for all that.
  world.handlers.reset?.();
  world.handlers.post?.(post(7)); // While the list is read.
  await gathered();
  assert.deepEqual(ids(world.state.posts), ["7", "4"]);
  world.feed.stop();
});
