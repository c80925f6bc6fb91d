// Who has done most in all raids, and where one is oneself: from the server's board, live.
import type { GameBoardEntry } from "../../../sdk/ts/src/index";
import { language_store } from "../../lib/prefs";
import { useStore } from "../../lib/store";
import { Face } from "../../ui/Face";
import type { Ranks as RanksState } from "./fight";
import { useWords } from "./words";

export function Ranks({ me, ranks }: { me: string; ranks: RanksState }) {
  const w = useWords();
  const { status, best, around, count } = ranks;
  if (status === "none") return null;
  const own = [...best, ...around].find(({ id }) => id === me);
  // What comes next is not always the next place.
  const is_apart = around.length > 0 && (around[0]?.rank ?? 0) > (best.at(-1)?.rank ?? 0) + 1;
  return (
    <section class="card flush ranks" aria-labelledby="ranks">
      <div class="sec"><h2 id="ranks" class="h-card">{w.ranks}</h2></div>
      {status === "loading" && (
        <div class="rank-wait" role="status" aria-label={w.ranks_loading}>
          <span class="skel" /><span class="skel" /><span class="skel" />
        </div>
      )}
      {status === "failed" && <p class="hint" role="status">{w.ranks_failed}</p>}
      {status === "ready" && best.length === 0 && <p class="hint">{w.ranks_empty}</p>}
      {best.length > 0 && (
        <ol class="rank-list" aria-label={w.ranks}>
          {best.map((one) => <Place key={one.id} one={one} me={me} />)}
          {around.map((one, at) => (
            <Place key={one.id} one={one} me={me} apart={at === 0 && is_apart} />
          ))}
        </ol>
      )}
      {best.length > 0 && (
        <p class="hint foot-hint">
          <b role="status">{own !== undefined && w.own_rank(own.rank)}</b> {w.ranks_hint(count)}
        </p>
      )}
    </section>
  );
}

function Place({ one, me, apart = false }: { one: GameBoardEntry; me: string; apart?: boolean }) {
  const w = useWords();
  const format = new Intl.NumberFormat(useStore(language_store));
  const face = one.person?.face ?? null;
  const name = one.id === me ? w.you : one.person?.name ?? w.somebody;
  return (
    <li class={apart ? "apart" : ""} aria-current={one.id === me ? "true" : undefined} data-rank={one.rank} data-ranked={one.id}>
      <span class="place num">{format.format(one.rank)}</span>
      {face === null ? <span class="av" /> : <Face face={face} />}
      <span class="name" dir="auto">{name}</span>
      <b class="num">{format.format(one.value)}</b>
    </li>
  );
}
