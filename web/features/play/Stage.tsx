// The fight: the boss, its strength, who stands before it, and what one can do.
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { Author } from "../../../sdk/ts/src/index";
import { language_store, set_still, still_store } from "../../lib/prefs";
import { useStore } from "../../lib/store";
import { Icon } from "../../ui/Icon";
import { Crowd, Dusk } from "../plaza/Crowd";
import { Boss } from "./Boss";
import { attack_pace_ms, heal_pace_ms, type Fight, type FightState } from "./fight";
import { weakest, type Line, type Raid } from "./raid";
import { Sign } from "./Sign";
import { useWords } from "./words";

const hit_shown_ms = 2400;
const hits_max = 4;
const crowd_max = 15;

interface Props {
  fight: Fight;
  state: FightState;
  title: { text: string; language: string };
  name_of: (id: string) => string;
  /** Whom one has chosen to heal. */
  chosen: string | null;
}

export function Stage({ fight, state, title, name_of, chosen }: Props) {
  const w = useWords();
  const still = useStore(still_store);
  const { raid } = state;
  const mood = raid.boss === null ? "asleep" : raid.boss.hp === 0 ? "beaten" : "awake";
  return (
    <section class={`stage ${still ? "still" : ""}`} aria-label={w.fight}>
      <div class="hud">
        <div class="row between">
          <h1 tabIndex={-1} lang={title.language} dir="auto">{title.text}</h1>
          <button
            type="button" class="btn btn-icon" aria-label={w.still} title={w.still} aria-pressed={still}
            onClick={() => set_still(!still)}
          >
            <Icon name={still ? "play" : "pause"} />
          </button>
        </div>
        <Strength raid={raid} fight={fight} />
      </div>
      <div class="sight">
        <Boss label={w.boss} mood={mood} />
        <Hits lines={raid.lines} />
        <Front raid={raid} people={state.people} />
      </div>
      <Moves fight={fight} state={state} name_of={name_of} chosen={chosen} />
    </section>
  );
}

function Strength({ raid, fight }: { raid: Raid; fight: Fight }) {
  const w = useWords();
  const language = useStore(language_store);
  const { hp, hp_max } = raid.boss ?? { hp: 0, hp_max: 0 };
  const format = new Intl.NumberFormat(language);
  const part = hp_max === 0 ? 0 : (100 * hp) / hp_max;
  const standing = [...raid.raiders.values()].filter((one) => one.hp > 0).length;
  return (
    <>
      <div
        class="hpbar" role="meter" aria-label={w.strength} aria-valuemin={0} aria-valuemax={Math.max(hp_max, 1)}
        aria-valuenow={hp} aria-valuetext={w.strength_of(hp, hp_max)}
      >
        <i class="was" style={{ width: `${part}%` }} />
        <i class="now" style={{ width: `${part}%` }} />
      </div>
      <div class="hudrow num">
        {raid.boss === null ? <span>{w.asleep}</span> : (
          <span data-hp={hp}><b>{format.format(hp)}</b> / {format.format(hp_max)}</span>
        )}
        <span>
          {raid.boss !== null && <>{w.fighters(standing)}{" · "}</>}
          <Left fight={fight} say={w.left} />
        </span>
      </div>
    </>
  );
}

/** Minutes and seconds until the next raid. */
export function Left({ fight, say }: { fight: Fight; say: (time: string) => string }) {
  const [left_s, set_left_s] = useState(() => Math.ceil(fight.left_ms() / 1000));
  useEffect(() => {
    const timer = setInterval(() => set_left_s(Math.ceil(fight.left_ms() / 1000)), 500);
    return () => clearInterval(timer);
  }, [fight]);
  const time = `${Math.floor(left_s / 60)}:${String(left_s % 60).padStart(2, "0")}`;
  return <span role="timer" aria-live="off">{say(time)}</span>;
}

// What just happened, as numbers over the boss. Of what was there before one came, nothing.
function Hits({ lines }: { lines: readonly Line[] }) {
  const since = useRef(lines[0]?.seq ?? 0);
  const [gone, set_gone] = useState(0);
  const newest = lines[0]?.seq ?? 0;
  useEffect(() => {
    const timer = setTimeout(() => set_gone(newest), hit_shown_ms);
    return () => clearTimeout(timer);
  }, [newest]);
  const shown = lines.filter((one) => one.seq > Math.max(since.current, gone) && one.amount > 0).slice(0, hits_max);
  return (
    <div aria-hidden="true">
      {shown.map(({ seq, what, amount }) => (
        <span
          key={seq} class={`hit num ${what === "heal" ? "h" : ""}`}
          style={{
            left: `${what === "heal" ? 6 + (seq * 7) % 20 : 40 + (seq * 17) % 40}%`, top: `${24 + (seq * 11) % 30}%`,
          }}
        >
          {what === "heal" ? `+${amount}` : `−${amount}`}
        </span>
      ))}
    </div>
  );
}

// Those who stand, as far as there is room. Drawn again only when somebody comes or falls.
function Front({ raid, people }: { raid: Raid; people: FightState["people"] }) {
  const standing: Author[] = [];
  for (const { id, hp } of raid.raiders.values()) {
    const person = people.get(id);
    if (hp > 0 && person != null && standing.length < crowd_max) standing.push(person);
  }
  const shown = useMemo(() => standing, [standing.map(({ id, face }) => id + face).join()]);
  return <div class="front"><Dusk /><Crowd people={shown} /></div>;
}

// A deed is taken at one's own pace: presses in between are nothing.
function usePace(pace_ms: number): { cooling: boolean; take: () => boolean } {
  const [cooling, set_cooling] = useState(false);
  const until = useRef(0);
  const timer = useRef<ReturnType<typeof setTimeout> | null>(null);
  useEffect(() => () => void (timer.current !== null && clearTimeout(timer.current)), []);
  return {
    cooling,
    take: () => {
      const now = performance.now();
      if (now < until.current) return false;
      until.current = now + pace_ms;
      set_cooling(true);
      timer.current = setTimeout(() => set_cooling(false), pace_ms);
      return true;
    },
  };
}

function Moves({ fight, state, name_of, chosen }: Omit<Props, "title">) {
  const w = useWords();
  const { raid } = state;
  const own = raid.raiders.get(fight.me);
  const joining = usePace(heal_pace_ms);
  const attacking = usePace(attack_pace_ms);
  const healing = usePace(heal_pace_ms);
  const first_move = useRef<HTMLButtonElement>(null);
  const was_in = useRef(own !== undefined);
  // The button that one pressed to join is gone: the next one takes its place.
  useEffect(() => {
    if (own === undefined || was_in.current) return;
    was_in.current = true;
    if (document.activeElement === document.body) first_move.current?.focus({ preventScroll: true });
  }, [own]);
  if (raid.boss?.hp === 0) return <Won fight={fight} raid={raid} name_of={name_of} />;
  if (own === undefined) {
    return (
      <div class="moves one">
        <button type="button" class="btn btn-main" onClick={() => void (joining.take() && fight.join())}>
          <Sign name="join" />{raid.boss === null ? w.join_first : w.join}<small>{w.join_hint}</small>
        </button>
      </div>
    );
  }
  if (own.hp === 0) return <div class="moves one"><p class="fallen" role="status">{w.you_fell}</p></div>;
  const pick = chosen === null ? undefined : raid.raiders.get(chosen);
  const target = pick !== undefined && pick.hp > 0 && pick.hp < 100 ? pick.id : weakest(raid);
  return (
    <div class="moves">
      <button
        type="button" ref={first_move} class={`btn btn-main ${attacking.cooling ? "cooling" : ""}`}
        onClick={() => void (attacking.take() && fight.attack())}
      >
        <Sign name="sword" />{w.attack}<small class="num">{w.attack_hint}</small>
      </button>
      <button
        type="button" class={`btn ${healing.cooling ? "cooling slow" : ""}`} aria-disabled={target === null}
        onClick={() => void (target !== null && healing.take() && fight.heal(target))}
      >
        <Sign name="heal" />
        <span class="whom">{target === null ? w.heal : target === fight.me ? w.heal_self : w.heal_of(name_of(target))}</span>
        <small class="num">{target === null ? w.nobody_hurt : w.heal_hint}</small>
      </button>
    </div>
  );
}

function Won({ fight, raid, name_of }: Pick<Props, "fight" | "name_of"> & { raid: Raid }) {
  const w = useWords();
  const best = [...raid.raiders.values()].reduce((a, b) => (b.damage > a.damage ? b : a));
  return (
    <div class="moves one">
      <div class="won" role="status">
        <h2>{w.won_title}</h2>
        <p>{w.most(name_of(best.id), best.damage)}</p>
        <p><Left fight={fight} say={w.won} /></p>
      </div>
    </div>
  );
}
