// Who fights: faces, strength, and whom one chooses to heal.
import { useStore } from "../../lib/store";
import { language_store } from "../../lib/prefs";
import { Face } from "../../ui/Face";
import type { FightState } from "./fight";
import { party, raider_hp, type Raider } from "./raid";
import { useWords } from "./words";

const shown_max = 8;
const low_hp = 30;

interface Props {
  me: string;
  state: FightState;
  name_of: (id: string) => string;
  chosen: string | null;
  choose: (id: string | null) => void;
}

export function Party({ me, state, name_of, chosen, choose }: Props) {
  const w = useWords();
  const { raid, people } = state;
  const shown = party(raid, me, shown_max);
  if (shown.length === 0) return null;
  const more = raid.raiders.size - shown.length;
  return (
    <section class="card" aria-labelledby="who-fights">
      <h2 id="who-fights" class="h-card">{w.party}</h2>
      <ul class="party">
        {shown.map((one) => (
          <li key={one.id}>
            <Member
              one={one} name={name_of(one.id)} face={people.get(one.id)?.face ?? null} chosen={one.id === chosen}
              choose={() => choose(one.id === chosen ? null : one.id)}
            />
          </li>
        ))}
      </ul>
      <p class="hint">{w.party_hint}{more > 0 && ` ${w.more(more)}`}</p>
    </section>
  );
}

function Member({ one, name, face, chosen, choose }: {
  one: Raider; name: string; face: string | null; chosen: boolean; choose: () => void;
}) {
  const w = useWords();
  const language = useStore(language_store);
  const down = one.hp === 0;
  return (
    <button
      type="button" class={`member ${down ? "down" : one.hp <= low_hp ? "low" : ""}`} aria-pressed={chosen}
      aria-disabled={down} aria-label={w.raider(name, one.hp)} data-raider={one.id} data-hp={one.hp}
      onClick={() => !down && choose()}
    >
      {face === null ? <span class="av" /> : <Face face={face} feeling={down ? 4 : one.hp <= low_hp ? 3 : 0} />}
      <span class="hp"><i style={{ width: `${(100 * one.hp) / raider_hp}%` }} /></span>
      <span class="name" dir="auto">{name}</span>
      <span class="num faint">
        {down ? w.fallen : new Intl.NumberFormat(language).format(one.damage)}
      </span>
    </button>
  );
}
