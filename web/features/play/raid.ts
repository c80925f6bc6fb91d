// The rules of the raid, and what becomes of it by the changes that come in their order. Nothing here
// knows of pages or connections. The same rules are in the terminal: sdk/cpp/examples/raid.
import type { Deed } from "../../../sdk/ts/src/game";
import type { GameChange, GameEntity, GameOutcome } from "../../../sdk/ts/src/index";

const raid_ms = 3_600_000;
export const boss_hp = 12_000;
export const raider_hp = 100;
export const heal_hp = 20;
export const attack_min = 10;
export const attack_max = 30;
const hit_back_max = 8;
export const boss_id = "catfish";
const lines_max = 40;

/** The raid of a moment: one an hour. */
export const arena_of = (server_ms: number): string => `raid-${Math.floor(server_ms / raid_ms)}`;
/** How long it lasts from a moment on. */
export const left_ms = (server_ms: number): number => raid_ms - (server_ms % raid_ms);

export interface Raider {
  id: string;
  hp: number;
  damage: number;
  healed: number;
}

/** Why a deed did not happen. */
export type Late = "boss_fell" | "self_fell" | "target_fell" | "target_whole" | "refused";

/** Something that happened, or came too late, at its place in the one order. */
export interface Line {
  seq: number;
  what: "join" | "attack" | "heal";
  actor: string;
  target?: string;
  /** What the boss lost, or the target won. */
  amount: number;
  /** What the boss took from who attacked. */
  hurt: number;
  /** Whether who attacked fell of it, and whether the boss did. */
  fell: boolean;
  last: boolean;
  late?: Late;
}

export interface Raid {
  arena: string;
  /** Null before anybody came. */
  boss: { hp: number; hp_max: number } | null;
  /** By account, who came last at the end. */
  raiders: ReadonlyMap<string, Raider>;
  /** The newest first. */
  lines: readonly Line[];
  /** The place of the newest change that is in it. */
  seq: number;
}

export const empty_raid = (arena: string): Raid => ({ arena, boss: null, raiders: new Map(), lines: [], seq: 0 });

const whats: Record<string, Line["what"]> = {
  "raid.join": "join", "raid.attack": "attack", "raid.heal": "heal",
};

function raider_of(entity: GameEntity): Raider {
  const { hp = 0, damage = 0, healed = 0 } = entity.fields;
  return { id: entity.id, hp, damage, healed };
}

/** The raid after changes of its arena, in their order. What is known already changes nothing. */
export function after(raid: Raid, changes: readonly GameChange[]): Raid {
  const news = changes.filter(({ arena, seq }) => arena === raid.arena && seq > raid.seq);
  if (news.length === 0) return raid;
  let { boss, seq } = raid;
  const raiders = new Map(raid.raiders);
  const lines: Line[] = [];
  for (const change of news) {
    if (change.seq <= seq) continue;
    seq = change.seq;
    const line = line_of(change, boss, raiders);
    for (const entity of change.entities) {
      if (entity.kind === "boss" && entity.id === boss_id) {
        const { hp = 0, hp_max = hp } = entity.fields;
        boss = { hp, hp_max };
      } else if (entity.kind === "raider") raiders.set(entity.id, raider_of(entity));
    }
    if (line !== null) lines.push(line);
  }
  return { ...raid, boss, raiders, seq, lines: with_lines(raid.lines, lines) };
}

function with_lines(lines: readonly Line[], more: readonly Line[]): Line[] {
  return [...lines, ...more].sort((a, b) => b.seq - a.seq).slice(0, lines_max);
}

function line_of(change: GameChange, boss: Raid["boss"], raiders: ReadonlyMap<string, Raider>): Line | null {
  const what = whats[change.reason];
  const { actor } = change;
  if (what === undefined || actor === null) return null;
  const line: Line = { seq: change.seq, what, actor, amount: 0, hurt: 0, fell: false, last: false };
  if (what === "attack") {
    const now = change.entities.find(({ kind }) => kind === "boss")?.fields["hp"] ?? 0;
    const own = change.entities.find(({ kind, id }) => kind === "raider" && id === actor)?.fields["hp"] ?? 0;
    const hurt = (raiders.get(actor)?.hp ?? own) - own;
    return { ...line, amount: (boss?.hp ?? now) - now, hurt, fell: own === 0, last: now === 0 };
  }
  if (what === "heal") {
    const target = change.entities[0];
    if (target === undefined) return null;
    const now = target.fields["hp"] ?? 0;
    return { ...line, target: target.id, amount: now - (raiders.get(target.id)?.hp ?? now) };
  }
  // Who is there already has not come again.
  return raiders.has(actor) ? null : line;
}

/** One's own deed that was refused, at the place where that was decided. */
export function refused(raid: Raid, deed: Deed, me: string, outcome: GameOutcome): Raid {
  const what = whats[deed.reason ?? ""];
  if (what === undefined || outcome.seq === undefined || deed.arena !== raid.arena) return raid;
  const target = what === "heal" ? deed.entities[0]?.id : undefined;
  const line: Line = {
    seq: outcome.seq, what, actor: me, amount: 0, hurt: 0, fell: false, last: false,
    late: why_late(deed, me, outcome), ...(target === undefined ? {} : { target }),
  };
  return { ...raid, lines: with_lines(raid.lines, [line]) };
}

function why_late(deed: Deed, me: string, outcome: GameOutcome): Late {
  const guard = deed.guards?.[outcome.guard ?? -1];
  const entity = guard?.entity === undefined ? undefined : deed.entities[guard.entity];
  if (guard === undefined || entity === undefined) return "refused";
  if (entity.kind === "boss") return "boss_fell";
  if (guard.is === "<") return "target_whole";
  return entity.id === me ? "self_fell" : "target_fell";
}

const boss = { kind: "boss", id: boss_id };
const raider = (id: string) => ({ kind: "raider", id });

/** Comes to the raid; the first who does calls the boss. */
export function join(arena: string, me: string): Deed {
  return {
    arena, reason: "raid.join", entities: [boss, raider(me)],
    steps: [
      { entity: 0, field: "hp", do: "set_if_absent", value: boss_hp },
      { entity: 0, field: "hp_max", do: "set_if_absent", value: boss_hp },
      { entity: 1, field: "hp", do: "set_if_absent", value: raider_hp },
    ],
  };
}

/** Strikes by luck, which is from 0 to below 1; the boss hits back by its own. */
export function attack(arena: string, me: string, luck: number, bad_luck: number): Deed {
  const value = attack_min + Math.floor(luck * (attack_max - attack_min + 1));
  const hurt = Math.floor(bad_luck * (hit_back_max + 1));
  return {
    arena, reason: "raid.attack", entities: [boss, raider(me)],
    guards: [{ entity: 0, field: "hp", is: ">", value: 0 }, { entity: 1, field: "hp", is: ">", value: 0 }],
    steps: [
      { entity: 0, field: "hp", do: "sub_clamp", value },
      { entity: 1, field: "damage", do: "add", value },
      ...(hurt === 0 ? [] : [{ entity: 1, field: "hp", do: "sub_clamp" as const, value: hurt }]),
    ],
  };
}

/** Heals somebody, oneself too; nobody after death. */
export function heal(arena: string, me: string, target: string): Deed {
  const own = target === me ? 0 : 1;
  return {
    arena, reason: "raid.heal", entities: own === 0 ? [raider(me)] : [raider(target), raider(me)],
    guards: [
      { entity: 0, field: "hp", is: ">", value: 0 },
      { entity: 0, field: "hp", is: "<", value: raider_hp },
      ...(own === 0 ? [] : [{ entity: 1, field: "hp", is: ">" as const, value: 0 }]),
    ],
    steps: [
      { entity: 0, field: "hp", do: "add_clamp", value: heal_hp, bound: raider_hp },
      { entity: own, field: "healed", do: "add", value: heal_hp },
    ],
  };
}

/** Who needs it most: the weakest of those who stand and are not whole. */
export function weakest(raid: Raid): string | null {
  let found: Raider | null = null;
  for (const one of raid.raiders.values()) {
    if (one.hp > 0 && one.hp < raider_hp && (found === null || one.hp < found.hp)) found = one;
  }
  return found?.id ?? null;
}

/** Those who are shown: oneself, then who did most. */
export function party(raid: Raid, me: string, count_max: number): Raider[] {
  const worth = (one: Raider) => one.damage + one.healed;
  const others = [...raid.raiders.values()].filter(({ id }) => id !== me).sort((a, b) => worth(b) - worth(a));
  const own = raid.raiders.get(me);
  return [...(own === undefined ? [] : [own]), ...others].slice(0, count_max);
}
