// What happened, one behind the other, as everybody sees it.
import { useEffect, useRef, useState } from "preact/hooks";
import { isolated } from "../../lib/isolate";
import { language_store } from "../../lib/prefs";
import { useStore } from "../../lib/store";
import type { FightState } from "./fight";
import type { Line, Raid } from "./raid";
import { Sign, type SignName } from "./Sign";
import { useWords, type Words } from "./words";

const spoken_ms = 5000;

interface Props {
  me: string;
  state: FightState;
  connected: boolean;
  name_of: (id: string) => string;
}

export function Order({ me, state, connected, name_of }: Props) {
  const w = useWords();
  const language = useStore(language_store);
  const { raid, live } = state;
  const format = new Intl.NumberFormat(language);
  return (
    <section class="card flush order" aria-labelledby="order">
      <div class="sec">
        <h2 id="order" class="h-card">{w.order}</h2>
        {connected && live === "live" && <span class="badge ok"><span class="dot ok" aria-hidden="true" />{w.live}</span>}
      </div>
      <Spoken me={me} raid={raid} />
      {raid.lines.length === 0 ? <p class="hint nothing">{w.nothing}</p> : (
        <div class="scroll" role="log" aria-live="off" aria-label={w.order_list} tabIndex={0}>
          <ol class="fd" reversed>
            {raid.lines.map((line) => (
              <li key={line.seq} class={line.late === undefined ? "" : "void"} data-seq={line.seq} data-what={line.late === undefined ? line.what : "late"}>
                <span class="seq mono">{format.format(line.seq)}</span>
                <span class={kind_of(line)}><Sign name={sign_of(line)} /></span>
                <span class="tells" dir="auto">{sentence(line, me, name_of, w)}</span>
                <Amount line={line} w={w} />
              </li>
            ))}
          </ol>
        </div>
      )}
      <p class="hint foot-hint">{w.order_hint}</p>
    </section>
  );
}

// Whoever listens hears how it stands, now and then: the list moves too fast to be read out.
function Spoken({ me, raid }: { me: string; raid: Raid }) {
  const w = useWords();
  const [said, set_said] = useState("");
  const now = useRef("");
  const standing = [...raid.raiders.values()].filter(({ hp }) => hp > 0).length;
  now.current = raid.boss === null ? ""
    : w.spoken(raid.boss.hp, raid.boss.hp_max, raid.raiders.get(me)?.hp ?? 0, standing);
  useEffect(() => {
    const timer = setInterval(() => set_said(now.current), spoken_ms);
    return () => clearInterval(timer);
  }, []);
  return <p class="vh" role="status">{said}</p>;
}

function Amount({ line, w }: { line: Line; w: Words }) {
  if (line.late !== undefined) return <span class="badge bad">{w.late}</span>;
  if (line.amount === 0) return <span />;
  return <b class="num">{line.what === "heal" ? `+${line.amount}` : `−${line.amount}`}</b>;
}

function sign_of(line: Line): SignName {
  if (line.late !== undefined) return "cross";
  if (line.fell) return "wave";
  return line.what === "attack" ? "sword" : line.what === "heal" ? "heal" : "join";
}

function kind_of(line: Line): string {
  if (line.late !== undefined || line.fell) return "no";
  return line.what === "attack" ? "a" : line.what === "heal" ? "he" : "jo";
}

function sentence(line: Line, me: string, name_of: (id: string) => string, w: Words): string {
  const name = (id: string) => (id === me ? w.you : isolated(name_of(id)));
  const whom = line.target === undefined ? "" : line.target === me ? w.yourself : isolated(name_of(line.target));
  const who = name(line.actor);
  switch (line.late) {
    case "boss_fell": return w.late_boss;
    case "self_fell": return w.late_self;
    case "target_fell": return w.late_target(whom);
    case "target_whole": return w.late_whole(whom);
    case "refused": return w.late_other;
    case undefined: break;
  }
  if (line.what === "join") return w.joined(who);
  if (line.what === "heal") return line.target === line.actor ? w.healed_self(who) : w.healed(who, whom);
  if (line.last) return w.struck_last(who);
  if (line.fell) return w.struck_fell(who);
  return line.hurt > 0 ? w.struck_hurt(who, line.hurt) : w.struck(who);
}
