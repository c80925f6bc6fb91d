// Goal: the raid that is shown is what the changes say, in their order and once each, and nobody's
// deed asks for more than the rules allow.
import assert from "node:assert/strict";
import test from "node:test";
import type { GameChange, GameEntity } from "../../../sdk/ts/src/index";
import type { Deed } from "../../../sdk/ts/src/game";
import { after, arena_of, attack, empty_raid, heal, join, left_ms, party, refused, weakest, type Raid } from "./raid";

const arena = "raid-7";
const boss = (hp: number): GameEntity => ({ kind: "boss", id: "catfish", version: 1, fields: { hp, hp_max: 12_000 } });
const raider = (id: string, hp: number, damage = 0, healed = 0): GameEntity =>
  ({ kind: "raider", id, version: 1, fields: { hp, damage, healed } });
const change = (seq: number, actor: string, reason: string, ...entities: GameEntity[]): GameChange =>
  ({ arena, seq, key: "k", actor, reason, time_ms: 0, entities });

const begun = (): Raid => after(empty_raid(arena), [
  change(1, "1", "raid.join", boss(12_000), raider("1", 100)),
  change(2, "2", "raid.join", boss(12_000), raider("2", 100)),
]);

test("an hour is a raid", () => {
  assert.equal(arena_of(7 * 3_600_000), "raid-7");
  assert.equal(arena_of(8 * 3_600_000 - 1), "raid-7");
  assert.equal(left_ms(8 * 3_600_000 - 1), 1);
  assert.equal(left_ms(7 * 3_600_000), 3_600_000);
});

test("lines say who did what, and what it cost", () => {
  const raid = after(begun(), [
    change(3, "1", "raid.attack", boss(11_977), raider("1", 95, 23)),
    change(5, "2", "raid.heal", raider("1", 100, 23), raider("2", 100, 0, 20)),
    change(6, "2", "raid.attack", boss(11_960), raider("2", 100, 17)),
  ]);
  assert.deepEqual(raid.boss, { hp: 11_960, hp_max: 12_000 });
  assert.deepEqual(raid.lines.map(({ seq, what, amount, hurt, target }) => [seq, what, amount, hurt, target]), [
    [6, "attack", 17, 0, undefined], [5, "heal", 5, 0, "1"], [3, "attack", 23, 5, undefined],
    [2, "join", 0, 0, undefined], [1, "join", 0, 0, undefined],
  ]);
  assert.equal(raid.raiders.get("1")?.damage, 23);
});

test("a change counts once, and those of another raid or another game not at all", () => {
  const once = after(begun(), [change(3, "1", "raid.attack", boss(11_977), raider("1", 95, 23))]);
  assert.equal(after(once, [change(3, "1", "raid.attack", boss(11_977), raider("1", 95, 23))]), once);
  assert.equal(after(once, [{ ...change(4, "1", "raid.attack", boss(1)), arena: "raid-8" }]), once);
  const other = after(once, [{ ...change(4, "1", "other.thing"), entities: [boss(11_000)] }]);
  assert.equal(other.boss?.hp, 11_000);
  assert.equal(other.lines.length, once.lines.length);
  // Who is there already has not come again.
  assert.equal(after(once, [change(4, "1", "raid.join", boss(11_977), raider("1", 95, 23))]).lines.length, once.lines.length);
});

test("the last blow is one, and so is the fall", () => {
  const near = after(begun(), [change(3, "1", "raid.attack", boss(5), raider("1", 4, 23))]);
  const fell = after(near, [change(4, "1", "raid.attack", boss(4), raider("1", 0, 24))]);
  assert.ok(fell.lines[0]?.fell && !fell.lines[0].last);
  const won = after(near, [change(4, "2", "raid.attack", boss(0), raider("2", 99, 30))]);
  assert.ok(won.lines[0]?.last && won.lines[0].amount === 5);
});

test("what came too late stands at its place, with why", () => {
  const raid = after(begun(), [change(9, "2", "raid.attack", boss(11_990), raider("2", 100, 10))]);
  const told = (deed: Deed, guard: number) =>
    refused(raid, deed, "1", { key: "k", outcome: "rejected", seq: 5, guard }).lines.find(({ seq }) => seq === 5);
  assert.equal(told(attack(arena, "1", 0, 0), 0)?.late, "boss_fell");
  assert.equal(told(attack(arena, "1", 0, 0), 1)?.late, "self_fell");
  assert.equal(told(heal(arena, "1", "2"), 0)?.late, "target_fell");
  assert.equal(told(heal(arena, "1", "2"), 1)?.late, "target_whole");
  assert.equal(told(heal(arena, "1", "2"), 2)?.late, "self_fell");
  assert.equal(told(heal(arena, "1", "1"), 0)?.late, "self_fell");
  assert.deepEqual(refused(raid, heal(arena, "1", "2"), "1", { key: "k", outcome: "rejected", seq: 5, guard: 0 })
    .lines.map(({ seq }) => seq), [9, 5, 2, 1]);
});

test("deeds are within the rules, whatever the luck", () => {
  for (const luck of [0, 0.5, 0.999999]) {
    const { guards = [], steps = [] } = attack(arena, "1", luck, luck);
    assert.equal(guards.length, 2);
    const [blow, damage, back] = steps;
    assert.ok((blow?.value ?? 0) >= 10 && (blow?.value ?? 99) <= 30);
    assert.equal(damage?.value, blow?.value);
    assert.ok((back?.value ?? 0) <= 8);
    assert.equal(back === undefined, luck === 0);
  }
  assert.deepEqual(heal(arena, "1", "1").entities, [{ kind: "raider", id: "1" }]);
  assert.deepEqual(heal(arena, "1", "2").entities, [{ kind: "raider", id: "2" }, { kind: "raider", id: "1" }]);
  for (const target of ["1", "2"]) {
    const { entities, guards = [], steps = [] } = heal(arena, "1", target);
    assert.deepEqual(guards.slice(0, 2).map(({ is }) => is), [">", "<"]);
    // Each raider that a step changes stands, or nothing happens.
    for (const { entity } of steps) {
      assert.ok(guards.some((guard) => guard.entity === entity && guard.is === ">"), entities[entity]?.id);
    }
  }
  assert.ok(join(arena, "1").steps?.every((step) => step.do === "set_if_absent"));
});

test("the weakest who stands is healed, and who did most is shown first", () => {
  const raid = after(begun(), [
    change(3, "3", "raid.join", boss(12_000), raider("3", 0, 50)),
    change(4, "4", "raid.join", boss(12_000), raider("4", 40, 10)),
    change(5, "5", "raid.join", boss(12_000), raider("5", 90, 90)),
  ]);
  assert.equal(weakest(raid), "4");
  assert.equal(weakest(begun()), null);
  assert.deepEqual(party(raid, "1", 4).map(({ id }) => id), ["1", "5", "3", "4"]);
});
