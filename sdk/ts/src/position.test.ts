// Goal: one reads one's own writes, whatever order answers come in.
import assert from "node:assert/strict";
import test from "node:test";
import { PositionKeeper } from "./position";

test("the answer of a command is kept and sent from then on", () => {
  const keeper = new PositionKeeper();
  assert.equal(keeper.token(), null);
  keeper.command_answered("a");
  assert.equal(keeper.token(), "a");
  keeper.command_answered(null);
  assert.equal(keeper.token(), "a");
});

test("a read that was sent before a command does not take the command's token back", () => {
  const keeper = new PositionKeeper();
  keeper.command_answered("a");
  const sent = keeper.token();
  keeper.command_answered("b"); // The command overtakes the read.
  keeper.read_answered(sent, "a+read");
  assert.equal(keeper.token(), "b");
  keeper.read_answered("b", "b+read");
  assert.equal(keeper.token(), "b+read");
});

test("the token survives a reload, and a store that does not work", () => {
  const kept = new Map<string, string>();
  const store = {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => void kept.set(key, value),
  };
  new PositionKeeper(store).command_answered("a");
  assert.equal(new PositionKeeper(store).token(), "a");

  const broken = {
    getItem: (): string | null => { throw new Error("off"); },
    setItem: () => { throw new Error("off"); },
  };
  const keeper = new PositionKeeper(broken);
  keeper.command_answered("a");
  assert.equal(keeper.token(), "a");
});
