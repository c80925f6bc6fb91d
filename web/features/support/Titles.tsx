// What a player has in each title: entities that are called by their number.
import { useEffect, useState } from "preact/hooks";
import type { Failure, GameSchema, PlayerEntities, SupportPlayer } from "../../../sdk/ts/src/index";
import { client } from "../../app/client";
import { expired } from "../../app/session";
import { failure_text } from "../../lib/failure";
import { useTexts } from "../../lib/i18n";
import { language_store } from "../../lib/prefs";
import { useStore } from "../../lib/store";
import { Field } from "../../ui/Field";
import type { PlayedTitle } from "./entries";
import { useTitleName } from "./naming";
import { useWords } from "./words";

type Owned = PlayerEntities["entities"][number];

// How many pages are read for one wish: a title may have more entities than one look goes through.
const page_count_max = 10;

interface Props {
  player: SupportPlayer;
  /** Those that the server names, and those that were added by hand. */
  titles: readonly PlayedTitle[];
  read_again: () => void;
  add: (title: PlayedTitle) => void;
}

export function Titles({ player, titles, read_again, add }: Props) {
  const t = useTexts();
  const w = useWords();
  const failed = player.titles === null;
  const whole = player.titles_whole;
  return (
    <section class="card entities" aria-labelledby="entities">
      <h2 class="h-card" id="entities">{w.titles}</h2>
      {failed && (
        <div class="banner bad" role="alert">
          <p class="grow">{w.titles_failed}</p>
          <button type="button" class="btn" onClick={read_again}>{t.app.try_again}</button>
        </div>
      )}
      {!failed && whole && titles.length === 0 && <p class="faint small">{w.titles_none}</p>}
      {titles.map((title) => <OfTitle key={title.id} player={player} title={title} />)}
      {!whole && (
        <>
          {!failed && <p class="faint small">{w.titles_part}</p>}
          <OtherTitle known={titles.map(({ id }) => id)} add={add} />
        </>
      )}
    </section>
  );
}

function OtherTitle({ known, add }: { known: readonly string[]; add: (title: PlayedTitle) => void }) {
  const t = useTexts();
  const w = useWords();
  const [wanted, set_wanted] = useState("");
  const [wrong, set_wrong] = useState<string | null>(null);
  async function look() {
    const id = wanted.trim();
    if (!/^[1-9][0-9]{0,18}$/.test(id)) return set_wrong(w.title_bad);
    const reply = await client.communities.title(id);
    if (!reply.ok) return set_wrong(failure_text(reply.failure, t));
    set_wrong(null);
    set_wanted("");
    if (!known.includes(id)) add({ id, names: reply.value.names });
  }
  return (
    <form
      class="inline-form"
      onSubmit={(event) => {
        event.preventDefault();
        void look();
      }}
    >
      <Field id="other-title" label={w.title_other} value={wanted} wrong={wrong} on_input={set_wanted} lower />
      <button type="submit" class="btn">{w.title_add}</button>
    </form>
  );
}

function useEntities(player: SupportPlayer, title: string) {
  const [entities, set_entities] = useState<Owned[]>([]);
  const [next, set_next] = useState<string | null | undefined>(undefined);
  const [failure, set_failure] = useState<Failure | null>(null);
  const [busy, set_busy] = useState(false);
  /** Goes on behind `known`; `here` says whether anybody still wants it. */
  async function read(known: readonly Owned[], from: string | undefined, here: () => boolean) {
    let all = [...known];
    let after = from;
    set_busy(true);
    for (let page = 0; page < page_count_max; ++page) {
      const reply = await client.support.entities(title, player.account.id, after === undefined ? {} : { after });
      if (!here()) return;
      set_failure(reply.ok ? null : reply.failure);
      if (!reply.ok) {
        expired(reply.failure);
        break;
      }
      all = [...all, ...reply.value.entities];
      set_entities(all);
      set_next(reply.value.next);
      if (reply.value.next === null) break;
      after = reply.value.next;
    }
    set_busy(false);
  }
  useEffect(() => {
    let here = true;
    void read([], undefined, () => here);
    return () => void (here = false);
  }, [player, title]);
  return {
    entities, next, failure, busy,
    read: () => void (busy || read(entities, next ?? undefined, () => true)),
  };
}

function useSchema(title: string): GameSchema | null {
  const [schema, set_schema] = useState<GameSchema | null>(null);
  useEffect(() => {
    let here = true;
    // Without it there are no bars, and all numbers are there.
    void client.support.schema(title).then((reply) => here && reply.ok && set_schema(reply.value));
    return () => void (here = false);
  }, [title]);
  return schema;
}

function OfTitle({ player, title }: { player: SupportPlayer; title: PlayedTitle }) {
  const t = useTexts();
  const w = useWords();
  const title_name = useTitleName();
  const { entities, next, failure, busy, read } = useEntities(player, title.id);
  const schema = useSchema(title.id);
  return (
    <div class="of-title">
      <h3 dir="auto">{title_name(title)}</h3>
      {entities.map((entity) => (
        <OneEntity key={`${entity.arena} ${entity.kind}`} entity={entity} schema={schema} />
      ))}
      {busy && entities.length === 0 && <div class="skel" role="status" aria-label={t.app.loading} />}
      {failure !== null && (
        <div class="banner bad" role="alert">
          <p class="grow">{w.entities_failed} {failure_text(failure, t)}</p>
          <button type="button" class="btn" aria-busy={busy} onClick={read}>{t.app.try_again}</button>
        </div>
      )}
      {next === null && entities.length === 0 && <p class="faint small">{w.entities_none}</p>}
      {typeof next === "string" && failure === null && !busy && (
        <button type="button" class="btn" onClick={read}>{w.entities_more}</button>
      )}
    </div>
  );
}

function OneEntity({ entity, schema }: { entity: Owned; schema: GameSchema | null }) {
  const w = useWords();
  const kind = schema?.kinds.find(({ name }) => name === entity.kind);
  return (
    <div class="ent">
      <p class="row between wrap"><b>{entity.kind}</b><span class="mono faint xs">{entity.arena}</span></p>
      {Object.entries(entity.fields).map(([name, value]) => (
        <Amount key={name} name={name} value={value} bounds={kind?.fields.find((field) => field.name === name)} />
      ))}
      <p class="mono faint xs">{w.version(entity.version)}</p>
    </div>
  );
}

interface AmountProps {
  name: string;
  value: number;
  bounds: { min?: number; max?: number } | undefined;
}

function Amount({ name, value, bounds }: AmountProps) {
  const w = useWords();
  const number = new Intl.NumberFormat(useStore(language_store));
  const { min, max } = bounds ?? {};
  if (min === undefined || max === undefined || max <= min) {
    return <p class="row between small"><span class="mono">{name}</span><b class="num">{number.format(value)}</b></p>;
  }
  const text = w.of_max(number.format(value), number.format(max));
  const part = Math.min(1, Math.max(0, (value - min) / (max - min)));
  return (
    <div>
      <p class="row between small"><span class="mono">{name}</span><b class="num">{text}</b></p>
      <svg class="hp" viewBox="0 0 100 1" preserveAspectRatio="none" role="img" aria-label={`${name}: ${text}`}>
        <rect class="all" width="100" height="1" />
        <rect class="now" width={100 * part} height="1" />
      </svg>
    </div>
  );
}
