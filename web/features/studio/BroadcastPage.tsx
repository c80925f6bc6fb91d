// The control room of a broadcast: what comes in, what is answered, what waits, and what it gives.
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { Attendance, Programme, ProgrammeList } from "../../../sdk/ts/src/index";
import { client } from "../../app/client";
import { useReply } from "../../app/staff";
import { failure_text } from "../../lib/failure";
import { useTexts } from "../../lib/i18n";
import { language_store } from "../../lib/prefs";
import { useStore } from "../../lib/store";
import { Icon } from "../../ui/Icon";
import { Notice, Skeleton } from "../../ui/States";
import { Answers, Curve, type Earlier } from "./Curves";
import {
  clock_of, earlier_of, ends_ms, first_of, length_s, pause_ms, phase_of, starts_ms, step_of,
} from "./evening";
import { Budgets, Figures, Reasons, Schedule } from "./Panels";
import { StaffOnly } from "./StaffOnly";
import { useBroadcastWords } from "./broadcast_words";
import { useServerNow, useWatched, type Watched } from "./watch";

const programmes_every_ms = 10_000;
/** One colour each. */
const laid_count_max = 3;

export function BroadcastPage() {
  const t = useTexts();
  const w = useBroadcastWords();
  return <StaffOnly title={t.nav.broadcast} denied={w.denied}>{() => <ControlRoom />}</StaffOnly>;
}

interface Wanted {
  programme: string | null;
  /** Null: the newest of the same title. */
  over: readonly string[] | null;
}

function wanted_of(search: string): Wanted {
  const given = new URLSearchParams(search);
  const over = given.get("over");
  return { programme: given.get("programme"), over: over === null ? null : over.split(",").filter((id) => id !== "") };
}

// What is chosen stands in the address, so that it can be sent to somebody, or be the TV's.
function useWanted() {
  const [wanted, want] = useState(() => wanted_of(location.search));
  const choose = (next: Wanted) => {
    want(next);
    const address = new URLSearchParams();
    if (next.programme !== null) address.set("programme", next.programme);
    if (next.over !== null) address.set("over", next.over.join(","));
    history.replaceState(history.state, "", `${location.pathname}?${address}`);
  };
  return { wanted, choose };
}

function ControlRoom() {
  const t = useTexts();
  const w = useBroadcastWords();
  const { wanted, choose } = useWanted();
  const list = useWatched<ProgrammeList>("programmes", () => client.checkin.programmes(), () => programmes_every_ms);
  const programmes = list.value?.programmes ?? [];
  // It stays the same until somebody chooses another, also when its time is over.
  const first = useRef<string | null>(null);
  first.current ??= first_of(programmes, Date.now())?.id ?? null;
  const shown = programmes.find((one) => one.id === wanted.programme) ?? programmes.find((one) => one.id === first.current);
  if (shown !== undefined) {
    return (
      <Evening
        key={shown.id} shown={shown} programmes={programmes} wanted={wanted} choose={choose} list={list}
      />
    );
  }
  // Without a heading, which the focus would follow, and lose with the programme's own.
  if (list.failure === null && list.value === null) return <main id="main" class="stack studio"><Skeleton count={2} /></main>;
  return (
    <main id="main" class="stack studio">
      <h1 tabIndex={-1}>{t.nav.broadcast}</h1>
      {list.failure !== null ? <Stale watched={list} /> : <Notice title={w.none_title} text={w.none} />}
    </main>
  );
}

/** That the newest figures did not come, and of when those are that are shown. */
function Stale({ watched }: { watched: Watched<unknown> }) {
  const t = useTexts();
  const w = useBroadcastWords();
  const language = useStore(language_store);
  if (watched.failure === null) return null;
  const time = new Intl.DateTimeFormat(language, { timeStyle: "medium" });
  return (
    <div class="banner bad" role="alert">
      <Icon name="warn" />
      <p>
        <b>{w.failed}.</b> {failure_text(watched.failure, t)} {watched.value !== null && w.kept(time.format(watched.at_ms))}
      </p>
      <button type="button" class="btn" onClick={watched.again}>{t.app.try_again}</button>
    </div>
  );
}

interface EveningProps {
  shown: Programme;
  programmes: readonly Programme[];
  wanted: Wanted;
  choose: (next: Wanted) => void;
  list: Watched<ProgrammeList>;
}

function Evening({ shown, programmes, wanted, choose, list }: EveningProps) {
  const w = useBroadcastWords();
  const step_s = step_of(length_s(shown));
  const now = useRef(Date.now());
  const told = useWatched<Attendance>(
    `${shown.id} ${step_s}`, () => client.checkin.attendance(shown.id, step_s), (value) => pause_ms(value, now.current));
  now.current = useServerNow(told.value?.as_of, told.at_ms);
  const earlier = earlier_of(programmes, shown);
  const laid = (wanted.over ?? earlier.filter((one) => one.title === shown.title).map((one) => one.id))
    .filter((id) => earlier.some((one) => one.id === id)).slice(0, laid_count_max);
  const { evenings, failed } = useEarlier(earlier.filter((one) => laid.includes(one.id)), step_s);
  const room = useRef<HTMLElement>(null);
  const lay = (id: string) => choose({
    programme: shown.id, over: laid.includes(id) ? laid.filter((one) => one !== id) : [...laid, id],
  });
  return (
    <main id="main" class="stack studio control" ref={room}>
      <div class="control-head">
        <Moment shown={shown} now_ms={now.current} />
        <div class="grow">
          <h1 tabIndex={-1}>{shown.title}</h1>
          <Time shown={shown} now_ms={now.current} as_of={told.value?.as_of} />
        </div>
        <div class="row wrap">
          {programmes.length > 1 && <Choice programmes={programmes} shown={shown} choose={(programme) => choose({ programme, over: null })} />}
          <WholeScreen room={room} />
        </div>
      </div>
      <Stale watched={told} />
      {told.failure === null && <Stale watched={list} />}
      {shown.state === "away" && (
        <div class="banner warn" role="status"><Icon name="warn" /><p><b>{w.away}.</b> {w.away_text}</p></div>
      )}
      {told.value === null ? told.failure === null && <Skeleton count={2} /> : (
        <>
          <Figures told={told.value} />
          <Curve programme={shown} told={told.value} evenings={evenings}>
            {earlier.length > 0 && (
              <div class="laid">
                <p id="laid-over" class="small">{w.laid_over} <span class="faint">{w.laid_most(laid_count_max)}</span></p>
                <div class="row wrap" role="group" aria-labelledby="laid-over">
                  {earlier.map((one) => {
                    const is_laid = laid.includes(one.id);
                    return (
                      <button
                        key={one.id} type="button" class="chip" aria-pressed={is_laid}
                        disabled={!is_laid && laid.length === laid_count_max} onClick={() => lay(one.id)}
                      >
                        <Named programme={one} />
                      </button>
                    );
                  })}
                </div>
                {failed.map((one) => <p class="hint bad" role="alert" key={one.id}>{w.laid_failed(one.title)}</p>)}
              </div>
            )}
          </Curve>
          <div class="two">
            <Answers told={told.value} length_s={length_s(shown)} />
            <Reasons told={told.value} />
            <Schedule programme={shown} told={told.value} now_ms={now.current} />
            <Budgets told={told.value} again={told.again} />
          </div>
        </>
      )}
    </main>
  );
}

/** Earlier evenings in the same steps: they are over, so once is enough. */
function useEarlier(programmes: readonly Programme[], step_s: number): { evenings: Earlier[]; failed: Programme[] } {
  const ids = programmes.map((one) => one.id).join(" ");
  const reply = useReply(ids === "" ? null : async () => {
    const replies = await Promise.all(programmes.map((one) => client.checkin.attendance(one.id, step_s)));
    return {
      ok: true as const, status: 200, stale: false,
      value: programmes.map((programme, at) => {
        const told = replies[at];
        return { programme, told: told?.ok === true ? told.value : null };
      }),
    };
  }, [ids, step_s]);
  return useMemo(() => {
    const wanted = (reply.value ?? []).filter(({ programme }) => ids.split(" ").includes(programme.id));
    return {
      evenings: wanted.flatMap(({ programme, told }) => (told === null ? [] : [{ programme, told }])),
      failed: wanted.filter(({ told }) => told === null).map(({ programme }) => programme),
    };
  }, [reply.value, ids]);
}

function Named({ programme }: { programme: Programme }) {
  const language = useStore(language_store);
  const day = new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "short" });
  return <>{programme.title} · {day.format(starts_ms(programme))}</>;
}

function Moment({ shown, now_ms }: { shown: Programme; now_ms: number }) {
  const w = useBroadcastWords();
  const phase = phase_of(starts_ms(shown), ends_ms(shown), now_ms);
  if (phase === "on") return <span class="onair"><span aria-hidden="true">●</span>{w.on_air}</span>;
  return (
    <span class="badge">
      {phase === "over" ? w.over : w.coming(clock_of((starts_ms(shown) - now_ms) / 1000))}
    </span>
  );
}

function Time({ shown, now_ms, as_of }: { shown: Programme; now_ms: number; as_of: string | undefined }) {
  const w = useBroadcastWords();
  const language = useStore(language_store);
  const start = new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "medium" });
  const time = new Intl.DateTimeFormat(language, { timeStyle: "medium" });
  const all_s = (ends_ms(shown) - starts_ms(shown)) / 1000;
  const at_s = Math.min(all_s, Math.max(0, (now_ms - starts_ms(shown)) / 1000));
  return (
    <p class="quiet num">
      {start.format(starts_ms(shown))} · {w.of_minutes(clock_of(Math.floor(at_s)), clock_of(all_s))}
      {as_of !== undefined && <> · {w.as_of(time.format(Date.parse(as_of)))}</>}
    </p>
  );
}

function Choice({ programmes, shown, choose }: {
  programmes: readonly Programme[]; shown: Programme; choose: (id: string) => void;
}) {
  const w = useBroadcastWords();
  return (
    <div class="field">
      <label class="vh" for="programme">{w.programme}</label>
      <select class="input" id="programme" value={shown.id} onChange={(event) => choose(event.currentTarget.value)}>
        {programmes.map((one) => <option key={one.id} value={one.id}><Named programme={one} /></option>)}
      </select>
    </div>
  );
}

/** For the TV on the wall: the page alone. */
function WholeScreen({ room }: { room: { current: HTMLElement | null } }) {
  const w = useBroadcastWords();
  const [is_whole, set_whole] = useState(document.fullscreenElement !== null);
  useEffect(() => {
    const change = () => set_whole(document.fullscreenElement !== null);
    document.addEventListener("fullscreenchange", change);
    return () => document.removeEventListener("fullscreenchange", change);
  }, []);
  if (!document.fullscreenEnabled) return null;
  const turn = () => void (is_whole ? document.exitFullscreen() : room.current?.requestFullscreen());
  return <button type="button" class="btn" onClick={turn}>{is_whole ? w.small_screen : w.whole_screen}</button>;
}
