// Goal: a list that is read page by page has each item once, and ends where the server says.
import assert from "node:assert/strict";
import test from "node:test";
import type { Reply } from "../../../sdk/ts/src/index";
import { Pager, type ItemPage } from "./pager";

interface Item { id: string }
const page = (ids: string[], next: string | null): Reply<ItemPage<Item>> =>
  ({ ok: true, stale: false, value: { items: ids.map((id) => ({ id })), next } });
const failed: Reply<ItemPage<Item>> = { ok: false, failure: { code: "busy", status: 503, detail: "" } };

function pager_of(replies: Reply<ItemPage<Item>>[]) {
  const cursors: (string | undefined)[] = [];
  const pager = new Pager<Item>(async (cursor) => {
    cursors.push(cursor);
    return replies.shift() ?? failed;
  });
  return { pager, cursors, ids: () => pager.state.get().items.map((item) => item.id) };
}

test("pages follow each other by the cursor, and what moved in between is not there twice", async () => {
  const { pager, cursors, ids } = pager_of([page(["5", "4"], "c"), page(["4", "3"], null)]);
  await pager.read();
  await pager.load_older();
  await pager.load_older(); // There is no more.
  assert.deepEqual(ids(), ["5", "4", "3"]);
  assert.deepEqual(cursors, [undefined, "c"]);
});

test("a failed page can be asked for again; what is there stays", async () => {
  const { pager, ids } = pager_of([failed, page(["2"], "c"), failed, page(["1"], null)]);
  await pager.read();
  assert.equal(pager.state.get().status, "failed");
  await pager.retry();
  await pager.load_older();
  assert.equal(pager.state.get().older, "failed");
  await pager.load_older();
  assert.deepEqual(ids(), ["2", "1"]);
});

test("a list whose cursor the server has forgotten is read anew from its top", async () => {
  const forgotten: typeof failed = { ok: false, failure: { code: "conflict", status: 409, detail: "" } };
  const { pager, cursors, ids } = pager_of(
    [page(["2"], "c"), forgotten, failed, forgotten, page(["3", "2"], null)]);
  await pager.read();
  await pager.load_older();
  assert.equal(pager.state.get().older, "failed");
  await pager.load_older();
  assert.deepEqual(ids(), ["3", "2"]);
  assert.deepEqual(cursors, [undefined, "c", undefined, "c", undefined]);
});

test("a new item comes to the end only where the end is shown", async () => {
  const { pager, ids } = pager_of([page(["1"], "c"), page(["2"], null)]);
  await pager.read();
  pager.append({ id: "9" });
  assert.deepEqual(ids(), ["1"]);
  await pager.load_older();
  pager.append({ id: "9" });
  pager.append({ id: "9" });
  assert.deepEqual(ids(), ["1", "2", "9"]);
});
