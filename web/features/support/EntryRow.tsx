// One thing that happened: what, to whom, by whom, and why.
import type { Author } from "../../../sdk/ts/src/index";
import { device_text } from "../../lib/device";
import { useTexts } from "../../lib/i18n";
import { language_store } from "../../lib/prefs";
import { useStore } from "../../lib/store";
import { full_time } from "../../lib/time";
import { say } from "../../ui/toast";
import { what_happened } from "../points/words";
import {
  is_loss, own_entities, spelled, type Entry, type EntryKind, type TouchedEntity,
} from "./entries";
import { support_address, useTitleName } from "./naming";
import { Sign, type SignName } from "./Sign";
import { useWords, type Words } from "./words";

type Of<K extends EntryKind> = Extract<Entry, { kind: K }>;

interface Props {
  entry: Entry;
  player: string;
  people: ReadonlyMap<string, Author>;
}

export function EntryRow({ entry, player, people }: Props) {
  const language = useStore(language_store);
  const time = new Intl.DateTimeFormat(language, { timeStyle: "medium" }).format(entry.at);
  return (
    <li class="ev" data-kind={entry.kind} data-loss={is_loss(entry, player)}>
      <time dateTime={new Date(entry.at).toISOString()}>{time}</time>
      <span class="m"><Sign name={sign_of(entry)} /></span>
      <div>
        {entry.kind === "game" && <GameEntry entry={entry} player={player} people={people} />}
        {entry.kind === "points" && <PointsEntry entry={entry} player={player} people={people} />}
        {entry.kind === "post" && <PostEntry entry={entry} />}
        {entry.kind === "session" && <SessionEntry entry={entry} />}
      </div>
    </li>
  );
}

function sign_of(entry: Entry): SignName {
  if (entry.kind !== "game") return entry.kind;
  switch (entry.command.reason) {
    case "raid.attack": return "sword";
    case "raid.heal": return "heal";
    default: return "game";
  }
}

function reason_text(reason: string, w: Words): string {
  switch (reason) {
    case "raid.attack": return w.reason_attack;
    case "raid.heal": return w.reason_heal;
    case "raid.join": return w.reason_join;
    default: return spelled(reason) || w.no_reason;
  }
}

/** "+10", "−10": a minus that is read as one. */
function useSigned(): (change: number) => string {
  const language = useStore(language_store);
  const number = new Intl.NumberFormat(language);
  return (change) => `${change < 0 ? "−" : "+"}${number.format(Math.abs(change))}`;
}

interface GameProps extends Props {
  entry: Of<"game">;
}

function GameEntry({ entry: { command, title }, player, people }: GameProps) {
  const w = useWords();
  const title_name = useTitleName();
  const signed = useSigned();
  const own = own_entities(command, player).flatMap(({ changes }) => Object.entries(changes ?? {}));
  return (
    <>
      <p>
        <b>{reason_text(command.reason, w)}</b>
        {own.map(([field, change], at) => (
          <span key={at} class={`badge num ${change < 0 ? "bad" : "ok"}`}>{field} {signed(change)}</span>
        ))}
      </p>
      <p class="sub">
        <Actor actor={command.actor} player={player} people={people} />
        {" · "}<span dir="auto">{title_name(title)}</span>{" · "}<span class="mono">{command.arena}</span>
      </p>
      <ul class="ents">
        {command.entities.map((entity) => (
          <Touched key={`${entity.kind} ${entity.id}`} entity={entity} own={entity.id === player} />
        ))}
      </ul>
      <Trace reason={command.reason} seq={command.seq} id={command.key} />
    </>
  );
}

function Actor({ actor, player, people }: { actor: string | null } & Omit<Props, "entry">) {
  const w = useWords();
  if (actor === null) return <span class="badge">{w.by_server}</span>;
  if (actor === player) return <>{w.by_self}</>;
  const known = people.get(actor);
  return (
    <>
      {w.by}{" "}
      <a href={support_address(actor)} dir="auto">
        {known === undefined ? w.account(actor) : `${known.name} @${known.handle}`}
      </a>
    </>
  );
}

// "raider/42: hp −10 → 90"
function Touched({ entity, own }: { entity: TouchedEntity; own: boolean }) {
  const w = useWords();
  const signed = useSigned();
  const number = new Intl.NumberFormat(useStore(language_store));
  const { changes, fields } = entity;
  const after = (field: string) => {
    const value = fields[field];
    return value === undefined ? "" : ` → ${number.format(value)}`;
  };
  return (
    <li>
      <span class="mono">{entity.kind}/{entity.id}</span>{own && <>{" "}<span class="badge">{w.own}</span></>}{" "}
      {changes === null ? (
        <>
          {Object.entries(fields).map(([field, value]) => `${field} ${number.format(value)}`).join(", ")}
          {" "}<span class="faint">({w.before_unknown})</span>
        </>
      ) : Object.keys(changes).length === 0 ? <span class="faint">{w.unchanged}</span>
        : <span class="num">{Object.entries(changes).map(([field, change]) =>
          `${field} ${signed(change)}${after(field)}`).join(", ")}</span>}
    </li>
  );
}

// Where it can be found again: what the title wrote as its reason, the place in the order, the key.
function Trace({ reason, seq, id }: { reason: string; seq: number; id: string }) {
  const w = useWords();
  const number = new Intl.NumberFormat(useStore(language_store));
  async function copy() {
    // Only pages over TLS or from this machine may write to the clipboard.
    try {
      await navigator.clipboard.writeText(id);
      say(w.copied);
    } catch {
      say(w.not_copied(id));
    }
  }
  return (
    <p class="sub mono trace">
      {reason !== "" && <span>{reason}</span>}
      <span>seq {number.format(seq)}</span>
      <button type="button" class="btn btn-bare" title={id} onClick={() => void copy()}>
        <Sign name="copy" />{w.copy_key}
      </button>
    </p>
  );
}

interface PointsProps extends Props {
  entry: Of<"points">;
}

function PointsEntry({ entry: { posting }, player, people }: PointsProps) {
  const t = useTexts();
  const w = useWords();
  const signed = useSigned();
  const number = new Intl.NumberFormat(useStore(language_store));
  const { amount, balance_after, held_after, by } = posting;
  return (
    <>
      <p>
        <b>{spelled(posting.reason) || w.no_reason}</b>
        <span class={`badge num ${amount < 0 ? "bad" : "ok"}`}>{w.points} {amount === 0 ? "0" : signed(amount)}</span>
      </p>
      <p class="sub">
        {what_happened(posting, t)}{" · "}<Actor actor={by} player={player} people={people} />
      </p>
      <p class="sub num">
        {w.balance_after(number.format(balance_after))}
        {held_after > 0 && ` ${w.points_held(held_after)}`}
      </p>
      <Trace reason={posting.reason} seq={posting.seq} id={posting.key} />
    </>
  );
}

function PostEntry({ entry: { post } }: { entry: Of<"post"> }) {
  const w = useWords();
  const language = useStore(language_store);
  if (post.deleted) return <p><b>{w.wrote_deleted}</b></p>;
  const names = new Intl.DisplayNames(language, { type: "language" });
  const marks = [
    post.drawn ? w.drawn : null, post.spoiler ? w.spoiler : null, post.tag,
    post.edited_at === null ? null : w.edited, post.language === null ? null : names.of(post.language),
  ].filter((mark) => mark !== null && mark !== undefined);
  return (
    <>
      <p><b>{post.parent === null ? w.wrote_post : w.wrote_comment}</b></p>
      {post.text !== "" && <p class="said" dir="auto" lang={post.language ?? undefined}>{post.text}</p>}
      <p class="sub">
        {marks.map((mark) => <>{mark}{" · "}</>)}
        <a href={`/posts/${post.parent ?? post.id}`}>{w.open_post}</a>
      </p>
    </>
  );
}

function SessionEntry({ entry: { session } }: { entry: Of<"session"> }) {
  const t = useTexts();
  const w = useWords();
  const language = useStore(language_store);
  const device = device_text(session.user_agent, t, w.some_device);
  return (
    <>
      <p title={session.user_agent}><b>{w.logged_in_with(device)}</b></p>
      <p class="sub">{w.still_open(full_time(session.last_seen_at, language))}</p>
    </>
  );
}
