// Goal: what the page calls a loss, and somebody else's doing, is what the command says; reasons read
// like words whatever a title writes there.
import assert from "node:assert/strict";
import test from "node:test";
import { is_loss, kind_of_source, others_in, own_entities, spelled, type Entry } from "./entries";

type Changes = Record<string, number> | null;
const entry = (actor: string | null, ...entities: [string, Changes][]): Entry => ({
  kind: "game", id: "1", at: 5, title: { id: "9", names: { en: "A Game" } },
  command: {
    key: "k", arena: "a", seq: 1, time_ms: 5, actor, reason: "raid.attack",
    entities: entities.map(([id, changes]) => ({ kind: "raider", id, version: 2, fields: {}, changes })),
  },
});

test("a loss is less of one's own", () => {
  assert.ok(is_loss(entry("7", ["42", { hp: -10 }]), "42"));
  assert.ok(is_loss(entry("7", ["42", { hp: 10, gold: -1 }]), "42"));
  assert.ok(!is_loss(entry("42", ["boss", { hp: -10 }], ["42", { damage: 10 }]), "42"));
  assert.ok(!is_loss(entry("42", ["42", {}]), "42"));
  assert.ok(!is_loss(entry("42", ["42", null]), "42")); // not known
});

test("points that went are a loss", () => {
  const posting = (amount: number, by: string | null): Entry => ({
    kind: "points", id: "1", at: 5, posting: {
      seq: 1, time_ms: 5, key: "k", amount, balance_after: 7, held_after: 0, with: "sink:shop", reason: "", by,
    },
  });
  assert.ok(is_loss(posting(-100, null), "42"));
  assert.ok(!is_loss(posting(100, null), "42") && !is_loss(posting(0, null), "42"));
  assert.deepEqual(others_in(posting(5, "7"), "42"), ["7"]);
  assert.deepEqual(others_in(posting(5, "42"), "42"), []);
});

test("own entities and others", () => {
  const command = entry("7", ["42", {}], ["43", {}]);
  assert.deepEqual(command.kind === "game" && own_entities(command.command, "42").map(({ id }) => id), ["42"]);
  assert.deepEqual(others_in(command, "42"), ["7"]);
  assert.deepEqual(others_in(entry("42"), "42"), []);
  assert.deepEqual(others_in(entry(null), "42"), []);
});

test("reasons as words", () => {
  assert.equal(spelled("shop.buy_sword"), "Shop: buy sword");
  assert.equal(spelled("tax"), "Tax");
  assert.equal(spelled("a.b.c-d"), "A: b, c d");
  assert.equal(spelled("...x"), "X");
  assert.equal(spelled("薬を買う"), "薬を買う");
  for (const empty of ["", ".", "_"]) assert.equal(spelled(empty), "");
});

test("sources say of which kind they are", () => {
  assert.equal(kind_of_source("game 12"), "game");
  assert.equal(kind_of_source("post"), "post");
});
