// Everything that happened to a player, newest first, by day.
import { useEffect, useMemo, useState } from "preact/hooks";
import { expired } from "../../app/session";
import { failure_text } from "../../lib/failure";
import { useTexts } from "../../lib/i18n";
import { language_store } from "../../lib/prefs";
import { useStore } from "../../lib/store";
import type { Chronicle, Track, View } from "./chronicle";
import { EntryRow } from "./EntryRow";
import { is_loss, kind_of_source, type Entry, type PlayedTitle } from "./entries";
import { useTitleName } from "./naming";
import { usePeople } from "./usePeople";
import { useWords, type Words } from "./words";

const shown_count = 30;

type Shown = "all" | "losses" | "points" | "game" | "post" | "session";

function kinds_of(w: Words): [Shown, string][] {
  return [
    ["all", w.kind_all], ["losses", w.kind_losses], ["points", w.kind_points], ["game", w.kind_game], ["post", w.kind_post],
    ["session", w.kind_session],
  ];
}

function view_of(shown: Shown, player: string): View<Entry> {
  switch (shown) {
    case "all": return { of: () => true, has: () => true };
    case "losses":
      return { of: (name) => ["game", "points"].includes(kind_of_source(name)), has: (entry) => is_loss(entry, player) };
    default: return { of: (name) => kind_of_source(name) === shown, has: () => true };
  }
}

interface Props {
  player: string;
  titles: readonly PlayedTitle[];
  chronicle: Chronicle<Entry>;
  read_again: () => void;
}

export function RecordCard({ player, titles, chronicle, read_again }: Props) {
  const w = useWords();
  const [shown, set_shown] = useState<Shown>("all");
  const view = useMemo(() => view_of(shown, player), [shown, player]);
  useEffect(() => {
    const missing = shown_count - chronicle.shown(view).length;
    if (missing > 0) void chronicle.more(view, missing);
  }, [chronicle, view]);
  return (
    <section class="card record" aria-labelledby="record">
      <div class="sec">
        <h2 class="h-card" id="record">{w.record}</h2>
        <AsOf chronicle={chronicle} read_again={read_again} />
      </div>
      <div class="row wrap chips" role="group" aria-label={w.kinds}>
        {kinds_of(w).map(([kind, label]) => (
          <button
            key={kind} type="button" class="chip" aria-pressed={kind === shown} onClick={() => set_shown(kind)}
          >
            {label}
          </button>
        ))}
      </div>
      <Entries chronicle={chronicle} view={view} player={player} titles={titles} />
    </section>
  );
}

function AsOf({ chronicle, read_again }: { chronicle: Chronicle<Entry>; read_again: () => void }) {
  const w = useWords();
  const language = useStore(language_store);
  const tracks = useStore(chronicle.tracks);
  const moments = tracks.flatMap(({ as_of_ms }) => as_of_ms ?? []);
  const time = new Intl.DateTimeFormat(language, { timeStyle: "medium" });
  return (
    <p class="row wrap faint small as-of">
      {moments.length > 0 && <span>{w.as_of(time.format(Math.min(...moments)))}</span>}
      <button type="button" class="btn btn-bare" onClick={read_again}>{w.read_again}</button>
    </p>
  );
}

interface EntriesProps {
  chronicle: Chronicle<Entry>;
  view: View<Entry>;
  player: string;
  titles: readonly PlayedTitle[];
}

function Entries({ chronicle, view, player, titles }: EntriesProps) {
  const t = useTexts();
  const w = useWords();
  const title_name = useTitleName();
  const tracks = useStore(chronicle.tracks);
  const entries = chronicle.shown(view);
  const people = usePeople(entries, player);
  const mine = tracks.map((track, at) => ({ track, name: chronicle.sources[at]?.name ?? "" }))
    .filter(({ name }) => view.of(name));
  const begun = mine.filter(({ track }) => track.next !== undefined || track.failure !== null).length;
  const reading = mine.some(({ track }) => track.reading);
  const goes_on = chronicle.goes_on(view);
  const failed = mine.filter(({ track }) => track.failure !== null);
  const source_name = (name: string): string => {
    const title = titles.find(({ id }) => name === `game ${id}`);
    if (title !== undefined) return w.source_game(title_name(title));
    switch (name) {
      case "points": return w.source_points;
      case "post": return w.source_post;
      default: return w.source_session;
    }
  };
  return (
    <>
      {failed.map(({ track, name }) => (
        <Missing
          key={name} name={source_name(name)} track={track} retry={() => void chronicle.retry(name, view)}
        />
      ))}
      <p class={begun < mine.length ? "faint small" : "vh"} role="status">
        {begun < mine.length ? w.reading(begun, mine.length) : ""}
      </p>
      <Days entries={entries} player={player} people={people} />
      {entries.length === 0 && !reading && (
        <p class="faint small end">{goes_on ? w.none_found : failed.length === 0 ? w.none : ""}</p>
      )}
      {goes_on ? (
        <div class="older">
          <button
            type="button" class="btn" aria-busy={reading}
            onClick={() => void (reading || chronicle.more(view, shown_count))}
          >
            {w.older}
          </button>
        </div>
      ) : entries.length > 0 && failed.length === 0 && <p class="end faint small">{w.end}</p>}
      {reading && entries.length === 0 && <div class="skel" role="status" aria-label={t.app.loading} />}
    </>
  );
}

// One source is not here. What it lacks is said; the list goes on without it.
function Missing({ name, track, retry }: { name: string; track: Track<Entry>; retry: () => void }) {
  const t = useTexts();
  const w = useWords();
  const language = useStore(language_store);
  useEffect(() => void (track.failure !== null && expired(track.failure)), [track.failure]);
  if (track.failure === null) return null;
  const time = new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "medium" });
  return (
    <div class="banner bad" role="alert">
      <p class="grow">
        {Number.isFinite(track.end) ? w.missing_from(name, time.format(track.end)) : w.missing(name)}
        {" "}{failure_text(track.failure, t)}
      </p>
      <button type="button" class="btn" aria-busy={track.reading} onClick={retry}>{t.app.try_again}</button>
    </div>
  );
}

interface DaysProps {
  entries: readonly Entry[];
  player: string;
  people: ReturnType<typeof usePeople>;
}

function Days({ entries, player, people }: DaysProps) {
  const language = useStore(language_store);
  const name = new Intl.DateTimeFormat(language, { weekday: "long", day: "numeric", month: "long", year: "numeric" });
  const days: [string, Entry[]][] = [];
  for (const entry of entries) {
    const day = name.format(entry.at);
    const last = days[days.length - 1];
    if (last?.[0] === day) last[1].push(entry);
    else days.push([day, [entry]]);
  }
  return (
    <>
      {days.map(([day, of_day]) => (
        <div key={day} class="day-of">
          <h3 class="dayh">{day}</h3>
          <ol class="line">
            {of_day.map((entry) => <EntryRow key={entry.id} entry={entry} player={player} people={people} />)}
          </ol>
        </div>
      ))}
    </>
  );
}
