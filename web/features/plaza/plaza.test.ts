// Goal: the plaza shows what is said at once, in places that stay, and nobody who must not be seen.
import assert from "node:assert/strict";
import test from "node:test";
import type {
  Author, Client, Plaza as Answer, PlazaPost, PlazaTitle, Post, StreamHandlers, StreamOf,
} from "../../../sdk/ts/src/index";
import { change_post, drop_posts, posted_here } from "../feed/lists";
import { lit_of, Plaza, rehung } from "./plaza";

const person = (id: string): Author => ({ id, handle: `p${id}`, name: id, face: "0123456789abcdef" });
const post = (id: number, community = "10", author = "1"): Post => ({
  id: String(id), community, parent: null, text: "t", drawing: null, feeling: 0, spoiler: false, tag: null,
  author: person(author), language: null, created_at: "2026-11-21T00:00:00.000Z", edited_at: null,
  comment_count: 0, empathy_count: 0, empathized: false, mine: false,
});
const live = (id: number, title = "1", author = "1"): PlazaPost =>
  ({ ...post(id, `${title}0`, author), title });
const lantern = (id: string, people: string[], posts: Post[], people_count = people.length): PlazaTitle => ({
  title: { id, names: { en: `T${id}` }, platforms: [], publisher: "", crest: "", main_community: `${id}0`,
    created_at: "2026-11-21T00:00:00.000Z" },
  community: `${id}0`, people_count, people: people.map(person), posts,
});
const ids = (posts: readonly { id: string }[]): string[] => posts.map((one) => one.id);
const tick = (ms = 5) => new Promise((done) => setTimeout(done, ms));
const gathered = () => tick(290);

class World {
  handlers: StreamHandlers = {};
  asked: number[] = [];
  readonly plaza: Plaza;

  constructor(public titles: PlazaTitle[] | null) {
    const client = {
      stream: (_of: StreamOf, handlers: StreamHandlers) => {
        this.handlers = handlers;
        return { close() {}, pause() {}, resume() {} };
      },
      communities: { plaza: async (limit: number) => {
        this.asked.push(limit);
        if (this.titles === null) return { ok: false, failure: { code: "busy", status: 503, detail: "" } };
        const value: Answer = { as_of: "", people_count: 3, titles_count: 9, titles: this.titles };
        return { ok: true, value, stale: false };
      } },
    } as unknown as Client;
    this.plaza = new Plaza(client);
    this.plaza.start();
  }

  async opens() {
    this.handlers.open?.(false);
    await tick();
  }

  get state() {
    return this.plaza.state.get();
  }

  posts(at = 0) {
    return ids(this.state.lanterns[at]?.posts ?? []);
  }
}

test("what is said rises under its lantern, each word once, spoilers never", async () => {
  const world = new World([lantern("1", ["1"], [post(1)]), lantern("2", ["2"], [])]);
  await world.opens();
  assert.equal(world.state.status, "ready");
  world.handlers.plaza_post?.(live(2));
  world.handlers.plaza_post?.(live(2));
  world.handlers.plaza_post?.({ ...live(3), spoiler: true });
  world.handlers.plaza_post?.(live(4, "2", "7"));
  world.handlers.plaza_post?.(live(5, "77"));
  posted_here(post(6));
  await gathered();
  assert.deepEqual([world.posts(0), world.posts(1)], [["6", "2", "1"], ["4"]]);
  assert.deepEqual(ids(world.state.lanterns[1]?.people ?? []), ["2", "7"]);
  for (let id = 10; id < 30; ++id) world.handlers.plaza_post?.(live(id));
  await gathered();
  assert.deepEqual(world.posts(), ["29", "28", "27", "26", "25", "24"]);
  world.plaza.stop();
});

test("edits, deletions and blocks hold here too", async () => {
  const world = new World([lantern("1", ["1", "2"], [post(3), post(2, "10", "2"), post(1)])]);
  await world.opens();
  change_post("3", () => ({ text: "other" }));
  assert.equal(world.state.lanterns[0]?.posts[0]?.text, "other");
  assert.equal(world.plaza.known("3")?.text, "other");
  change_post("3", () => ({ spoiler: true }));
  assert.deepEqual(world.posts(), ["2", "1"]);
  drop_posts(({ id }) => id === "1");
  assert.deepEqual(world.posts(), ["2"]);
  world.plaza.hide_author("2", true);
  world.handlers.plaza_post?.(live(9, "1", "2"));
  await gathered();
  assert.deepEqual(world.posts(), []);
  assert.deepEqual(ids(world.state.lanterns[0]?.people ?? []), ["1"]);
  world.plaza.stop();
});

test("lanterns and people keep their places when numbers are read again", () => {
  const before = [lantern("1", ["1", "2", "3"], [post(5)]), lantern("2", ["4"], [])];
  const after = rehung(before, [
    lantern("3", [], []), lantern("2", ["5", "4"], [], 9), lantern("1", ["9", "3", "1"], [post(4)])]);
  assert.deepEqual(after.map(({ title }) => title.id), ["1", "2", "3"]);
  assert.deepEqual(ids(after[0]?.people ?? []), ["1", "9", "3"]);
  assert.deepEqual(ids(after[1]?.people ?? []), ["4", "5"]);
  assert.equal(after[1]?.people_count, 9);
  assert.deepEqual(ids(after[0]?.posts ?? []), ["5", "4"]); // The stream was faster than the answer.
  assert.deepEqual(rehung(after, [lantern("2", [], [])]).map(({ title }) => title.id), ["2"]);
});

test("what is held still stays, but for what has gone; the rest comes when it is let go", async () => {
  const world = new World([lantern("1", ["1"], [post(3), post(2), post(1)])]);
  await world.opens();
  const let_go = world.plaza.hold();
  world.handlers.plaza_post?.(live(4));
  world.titles = [lantern("1", ["1"], [post(4), post(3), post(1)])];
  world.handlers.reset?.();
  await gathered();
  assert.deepEqual(world.posts(), ["3", "1"]);
  let_go();
  assert.deepEqual(world.posts(), ["4", "3", "1"]);
  world.plaza.stop();
});

test("walking on asks for more, as far as the path goes", async () => {
  const world = new World([lantern("1", [], [])]);
  await world.opens();
  for (let n = 0; n < 5; ++n) await world.plaza.walk_on();
  assert.deepEqual(world.asked, [6, 12, 18, 24, 24, 24]);
  world.plaza.stop();
});

test("a plaza that cannot be read says so, and keeps what it had", async () => {
  const world = new World(null);
  await world.opens();
  assert.equal(world.state.status, "failed");
  world.titles = [lantern("1", ["1"], [])];
  world.plaza.retry();
  await tick();
  assert.equal(world.state.status, "ready");
  world.titles = null;
  await world.plaza.walk_on();
  assert.deepEqual([world.state.status, world.state.further, world.state.lanterns.length], ["ready", "failed", 1]);
  world.plaza.stop();
});

test("the fullest lantern is the brightest; without a connection none is lit", () => {
  const lanterns = [lantern("1", [], [], 5), lantern("2", [], [], 10), lantern("3", [], [], 0)];
  const [half, full, none] = lit_of(lanterns, true) as [number, number, number];
  assert.ok(full === 1 && half < full && none < half && none > 0);
  assert.deepEqual(lit_of(lanterns, false), [0, 0, 0]);
});
