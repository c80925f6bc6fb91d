// What the record of a player is made of: commands of games, postings of points, posts and comments,
// and sessions, each as an entry of one list.
import type {
  GameHistory, Names, Posting, SupportPlayer, SupportPost,
} from "../../../sdk/ts/src/index";
import { client } from "../../app/client";
import { mapped } from "../../lib/reply";
import type { Source, Timed } from "./chronicle";

type GameCommandDone = GameHistory["commands"][number];
export type TouchedEntity = GameCommandDone["entities"][number];
type PlayerSession = SupportPlayer["sessions"][number];

export interface PlayedTitle {
  id: string;
  /** null where the server does not know it (yet). */
  names: Names | null;
}

export type Entry = Timed & (
  | { kind: "game"; title: PlayedTitle; command: GameCommandDone }
  | { kind: "points"; posting: Posting }
  | { kind: "post"; post: SupportPost }
  | { kind: "session"; session: PlayerSession }
);
export type EntryKind = Entry["kind"];

const page_count = 100;

const page_of = (before: string | undefined) => ({ limit: page_count, ...(before === undefined ? {} : { before }) });

export function game_source(player: string, title: PlayedTitle): Source<Entry> {
  return {
    name: `game ${title.id}`,
    read: async (before) => mapped(await client.support.history(title.id, player, page_of(before)), (page) => ({
      ...page,
      items: page.commands.map((command) =>
        ({ kind: "game" as const, id: `${title.id} ${command.key}`, at: command.time_ms, title, command })),
    })),
  };
}

export function points_source(player: string): Source<Entry> {
  return {
    name: "points",
    read: async (before) => mapped(await client.support.postings(player, page_of(before)), ({ postings, next }) => ({
      items: postings.map((posting) =>
        ({ kind: "points" as const, id: `points ${posting.seq}`, at: posting.time_ms, posting })),
      next,
    })),
  };
}

export function post_source(player: string): Source<Entry> {
  return {
    name: "post",
    read: async (before) => mapped(await client.support.posts(player, page_of(before)), ({ posts, next }) => ({
      items: posts.map((post) => ({ kind: "post" as const, id: post.id, at: Date.parse(post.created_at), post })),
      next,
    })),
  };
}

/** They come with the player. */
export function session_source(sessions: readonly PlayerSession[]): Source<Entry> {
  const items = sessions
    .map((session, n) => ({ kind: "session" as const, id: `session ${n}`, at: Date.parse(session.created_at), session }))
    .sort((a, b) => b.at - a.at);
  return { name: "session", read: async () => ({ ok: true, stale: false, value: { items, next: null } }) };
}

export const kind_of_source = (name: string): string => name.split(" ", 1)[0] ?? "";

/** How a command changed the player's own: entities that are called by their number. */
export function own_entities(command: GameCommandDone, player: string): TouchedEntity[] {
  return command.entities.filter(({ id }) => id === player);
}

/** Whether the player has less of something after it. */
export function is_loss(entry: Entry, player: string): boolean {
  if (entry.kind === "points") return entry.posting.amount < 0;
  if (entry.kind !== "game") return false;
  return own_entities(entry.command, player)
    .some(({ changes }) => Object.values(changes ?? {}).some((change) => change < 0));
}

/** The accounts that an entry names beside the player. */
export function others_in(entry: Entry, player: string): string[] {
  const by = entry.kind === "game" ? entry.command.actor : entry.kind === "points" ? entry.posting.by : null;
  return by === null || by === player ? [] : [by];
}

/** "shop.buy_sword" as people say it: "Shop: buy sword". Empty for an empty one. */
export function spelled(reason: string): string {
  const [first = "", ...rest] = reason.split(/[.:/]+/).map((part) => part.replace(/[_-]+/g, " ").trim())
    .filter((part) => part !== "");
  const words = rest.length === 0 ? first : `${first}: ${rest.join(", ")}`;
  return words.slice(0, 1).toUpperCase() + words.slice(1);
}
