// Check-in: which programme, when, and the camera in front of the TV.
import { useEffect, useMemo, useState } from "preact/hooks";
import type { BroadcastPath, Failure, Me, Programme } from "../../../sdk/ts/src/index";
import { expired, session_store } from "../../app/session";
import { failure_text } from "../../lib/failure";
import { useTexts } from "../../lib/i18n";
import { language_store } from "../../lib/prefs";
import { keep, kept } from "../../lib/storage";
import { useStore } from "../../lib/store";
import { Icon } from "../../ui/Icon";
import { Lantern } from "../../ui/Lantern";
import { Notice, Skeleton } from "../../ui/States";
import { Invite } from "../feed/Aside";
import { choices, is_on, moment_of, paths, slots_of, type Moment, type Slot } from "./airing";
import { useNow, useOwn, useProgrammes } from "./follow";
import { Left } from "./Left";
import { Result } from "./Result";
import { Slots } from "./Slots";
import { Viewfinder } from "./Viewfinder";
import { useWords } from "./words";

const path_key = "matsuri-tv-path";

/** Hours and minutes; the day as well where it is not today. */
function useTimeText(): (ms: number) => string {
  const language = useStore(language_store);
  return useMemo(() => {
    const time = new Intl.DateTimeFormat(language, { hour: "numeric", minute: "2-digit", hourCycle: "h23" });
    const day = new Intl.DateTimeFormat(language, {
      month: "short", day: "numeric", hour: "numeric", minute: "2-digit", hourCycle: "h23",
    });
    return (ms) => (new Date(ms).toDateString() === new Date().toDateString() ? time : day).format(ms);
  }, [language]);
}

function usePath(): [BroadcastPath, (path: BroadcastPath) => void] {
  const [path, set_path] = useState<BroadcastPath>(() => paths.find((one) => one === kept(path_key)) ?? "terrestrial");
  return [path, (chosen) => {
    keep(path_key, chosen);
    set_path(chosen);
  }];
}

export function CheckinPage() {
  const w = useWords();
  return (
    <main id="main" class="checkin">
      <div class="intro">
        <h1 tabIndex={-1}>{w.title}</h1>
        <p>{w.lead}</p>
      </div>
      <Programmes />
    </main>
  );
}

function Programmes() {
  const w = useWords();
  const t = useTexts();
  const now = useNow();
  const [path, set_path] = usePath();
  const { programmes, failure, again } = useProgrammes();
  const session = useStore(session_store);
  const [chosen, choose] = useState<string | null>(null);
  const offered = choices(programmes ?? [], path, now);
  const programme = offered.find(({ id }) => id === chosen) ?? offered[0];
  // What is shown stays, also when something else is on by now.
  useEffect(() => choose(programme?.id ?? null), [programme?.id]);
  if (programmes === null && failure !== null) {
    return (
      <Notice title={w.failed} text={failure_text(failure, t)} alert>
        <button type="button" class="btn" onClick={() => void again()}>{t.app.try_again}</button>
      </Notice>
    );
  }
  if (programmes === null || session.state === "unknown") return <Skeleton count={2} />;
  if (programme === undefined) return <Notice title={w.none_title} text={w.none} />;
  const shared = { programme, path, now, set_path };
  return (
    <>
      {offered.length > 1 && <Choice offered={offered} programme={programme} path={path} now={now} choose={choose} />}
      {session.state === "anonymous" ? <Visited {...shared} />
        : <Own key={`${session.me.id} ${programme.id}`} me={session.me} gone={again} {...shared} />}
    </>
  );
}

interface Shared {
  programme: Programme;
  path: BroadcastPath;
  now: number;
  set_path: (path: BroadcastPath) => void;
}

function When({ programme, path, now }: { programme: Programme; path: BroadcastPath; now: number }) {
  const w = useWords();
  const time_text = useTimeText();
  const starts_ms = Date.parse(programme.starts_at) + programme.delay_ms[path];
  if (is_on(programme, path, now)) return <span class="badge lit">{w.on}</span>;
  return <span class="badge num">{now < starts_ms ? w.from(time_text(starts_ms)) : w.slot_missed}</span>;
}

function Choice({ offered, programme, path, now, choose }: {
  offered: readonly Programme[]; programme: Programme; path: BroadcastPath; now: number; choose: (id: string) => void;
}) {
  const w = useWords();
  return (
    <fieldset class="card flush choice">
      <legend class="vh">{w.programmes}</legend>
      {offered.map((one) => (
        <label key={one.id}>
          <input type="radio" name="programme" checked={one.id === programme.id} onChange={() => choose(one.id)} />
          <span class="grow" dir="auto">{one.title}</span>
          <When programme={one} path={path} now={now} />
        </label>
      ))}
    </fieldset>
  );
}

function PathChoice({ path, choose }: { path: BroadcastPath; choose: (path: BroadcastPath) => void }) {
  const w = useWords();
  const names = { terrestrial: w.terrestrial, cable: w.cable, stream: w.stream };
  return (
    <div class="card paths">
      <span class="label" id="path">{w.path}</span>
      <div class="seg" role="group" aria-labelledby="path" aria-describedby="path-hint">
        {paths.map((one) => (
          <button key={one} type="button" aria-pressed={one === path} onClick={() => choose(one)}>{names[one]}</button>
        ))}
      </div>
      <p class="hint" id="path-hint">{w.path_hint}</p>
    </div>
  );
}

/** The programme's name and its windows, and how it is received. */
function About({ programme, path, now, set_path, slots }: Shared & { slots: readonly Slot[] }) {
  const w = useWords();
  const time_text = useTimeText();
  const [first] = slots;
  return (
    <div class="stack about">
      <section class="card" aria-labelledby="programme">
        <div class="row between">
          <h2 id="programme" class="h-card" dir="auto">{programme.title}</h2>
          <When programme={programme} path={path} now={now} />
        </div>
        {first !== undefined && (
          <>
            <h3 class="label">{w.windows}</h3>
            <Slots slots={slots} now={now} time_text={time_text} />
            {slots.every(({ points }) => points === first.points) && <p class="hint">{w.points_each(first.points)}</p>}
          </>
        )}
      </section>
      <PathChoice path={path} choose={set_path} />
    </div>
  );
}

function Visited(shared: Shared) {
  const w = useWords();
  const slots = slots_of(shared.programme, shared.path, []);
  const moment = moment_of(slots, shared.now);
  return (
    <div class="sides">
      <div class="stack">
        {moment.is === "over" || moment.is === "waiting" ? <Wait moment={moment} now={shared.now} /> : null}
        <p class="quiet">{w.visitor}</p>
        <Invite />
      </div>
      <About slots={slots} {...shared} />
    </div>
  );
}

/** No window is open: when the next one is, or that there is none. */
function Wait({ moment, now }: { moment: Moment; now: number }) {
  const w = useWords();
  const time_text = useTimeText();
  if (moment.is === "over") return <Notice title={w.over_title} text={w.over} />;
  const { opens_ms } = moment.slot;
  return (
    <section class="card state wait" aria-labelledby="wait">
      <Lantern lit={false} />
      <h2 id="wait">{w.opens_at(time_text(opens_ms))}</h2>
      {opens_ms - now < 86_400_000 && <p class="count"><Left at_ms={opens_ms} now={Date.now} /></p>}
      <p>{w.opens_lead}</p>
    </section>
  );
}

function Own({ me, gone, ...shared }: Shared & { me: Me; gone: () => void }) {
  const w = useWords();
  const t = useTexts();
  const { programme, path, now } = shared;
  const [done, set_done] = useState<{ programme: string; window: number; points: number } | null>(null);
  const { own, failure, again } = useOwn(done);
  const slots = slots_of(programme, path, own ?? []);
  const moment = moment_of(slots, now);
  const failed = (why: Failure) => {
    if (!expired(why) && why.code === "not_found") gone();
  };
  // The next window has come: what was done is among the lanterns.
  const here = moment.is === "open" || moment.is === "soon" ? moment.slot : null;
  useEffect(() => {
    if (done !== null && here !== null && here.window !== done.window) set_done(null);
  }, [here?.window]);
  return (
    <div class="sides">
      <div class="stack">
        {failure !== null && own === null && (
          <div class="banner bad" role="alert">
            <Icon name="warn" />
            <p class="grow">{w.own_failed} {failure_text(failure, t)}</p>
            <button type="button" class="btn" onClick={() => void again()}>{t.app.try_again}</button>
          </div>
        )}
        <Middle
          me={me} programme={programme} path={path} now={now} slots={slots} moment={moment} done={done} failed={failed}
          set_done={(window, points) => set_done({ programme: programme.id, window, points })}
        />
      </div>
      <About slots={slots} {...shared} />
    </div>
  );
}

/** What there is to do or to see at this moment. */
function Middle({ me, programme, path, now, slots, moment, done, set_done, failed }: {
  me: Me; programme: Programme; path: BroadcastPath; now: number; slots: readonly Slot[]; moment: Moment;
  done: { window: number; points: number } | null;
  set_done: (window: number, points: number) => void; failed: (failure: Failure) => void;
}) {
  const w = useWords();
  const time_text = useTimeText();
  // Who has the camera open is left with it, also where the window closes meanwhile.
  const [in_use, set_in_use] = useState(false);
  const coming = slots.find((one) => one.opens_ms > now);
  const next = coming === undefined ? null : time_text(coming.opens_ms);
  const shown = done === null ? null : slots.find((one) => one.window === done.window) ?? null;
  const common = { programme, of: slots.length, time_text, next };
  if (done !== null && shown !== null) {
    return (
      <Result
        key={shown.window} slot={shown} points={shown.checkin?.points ?? done.points} checkin={shown.checkin} fresh
        {...common}
      />
    );
  }
  const slot = moment.is === "open" || moment.is === "soon" ? moment.slot : null;
  if (slot !== null && slot.checkin !== null) {
    return <Result slot={slot} points={slot.checkin.points} checkin={slot.checkin} fresh={false} {...common} />;
  }
  if (slot === null && !in_use) return <Wait moment={moment} now={now} />;
  if (programme.state === "away" && !in_use) {
    return <div class="banner warn" role="status"><Icon name="clock" /><p>{w.away}</p></div>;
  }
  return (
    <>
      {slot !== null && moment.is === "soon" && (
        <p class="soon"><b>{w.opens_at(time_text(slot.opens_ms))}</b> <Left at_ms={slot.opens_ms} now={Date.now} /></p>
      )}
      <Viewfinder
        me={me} programme={programme} path={path} next={next} use={set_in_use} done={set_done} failed={failed}
      />
    </>
  );
}
