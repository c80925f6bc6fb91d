// Who a player is, and what they have in points.
import { useEffect, useState } from "preact/hooks";
import type { PointsBalance, SupportPlayer } from "../../../sdk/ts/src/index";
import { client } from "../../app/client";
import { language_store } from "../../lib/prefs";
import { useStore } from "../../lib/store";
import { full_time } from "../../lib/time";
import { Face } from "../../ui/Face";
import type { Chronicle } from "./chronicle";
import type { Entry } from "./entries";
import { GrantDialog } from "./GrantDialog";
import { useWords, type Words } from "./words";

function role_text(role: SupportPlayer["account"]["role"], w: Words): string {
  switch (role) {
    case "user": return w.role_user;
    case "moderator": return w.role_moderator;
    case "support": return w.role_support;
    case "admin": return w.role_admin;
  }
}

/** Those of the posts that were read so far. */
function useLanguages(chronicle: Chronicle<Entry>, language: string): string[] {
  const tags = new Set<string>();
  for (const { items } of useStore(chronicle.tracks)) {
    for (const item of items) if (item.kind === "post" && item.post.language !== null) tags.add(item.post.language);
  }
  const names = new Intl.DisplayNames(language, { type: "language" });
  return [...tags].map((tag) => names.of(tag) ?? tag).sort();
}

/** null: did not come; undefined: not yet. */
function useBalance(player: SupportPlayer): PointsBalance | null | undefined {
  const [balance, set_balance] = useState<PointsBalance | null | undefined>(undefined);
  useEffect(() => {
    let here = true;
    void client.support.points(player.account.id).then((reply) => here && set_balance(reply.ok ? reply.value : null));
    return () => void (here = false);
  }, [player]);
  return balance;
}

interface Props {
  player: SupportPlayer;
  chronicle: Chronicle<Entry>;
  /** Called after points were granted: all of it is to be read again. */
  granted: () => void;
}

export function Who({ player, chronicle, granted }: Props) {
  const { account, sessions, has_password } = player;
  const w = useWords();
  const balance = useBalance(player);
  const [granting, set_granting] = useState(false);
  const language = useStore(language_store);
  const languages = useLanguages(chronicle, language);
  const number = new Intl.NumberFormat(language);
  const last = sessions[0];
  return (
    <section class="card p-who">
      <div class="row">
        <Face face={account.face} />
        <div>
          <h1 tabIndex={-1} dir="auto">{account.name}</h1>
          <p class="faint small">@{account.handle}</p>
        </div>
      </div>
      <dl class="kv">
        <dt>{w.number}</dt>
        <dd class="mono number">{account.id}</dd>
        <dt>{w.since}</dt>
        <dd>{new Intl.DateTimeFormat(language, { dateStyle: "long" }).format(Date.parse(account.created_at))}</dd>
        <dt>{w.role}</dt>
        <dd>{role_text(account.role, w)}</dd>
        {languages.length > 0 && (
          <>
            <dt>{w.languages}</dt>
            <dd>{new Intl.ListFormat(language, { type: "unit" }).format(languages)}</dd>
          </>
        )}
        <dt>{w.account_state}</dt>
        <dd>
          <span class={`badge ${has_password ? "ok" : "warn"}`}>{has_password ? w.can_log_in : w.cannot_log_in}</span>
        </dd>
        <dt>{w.logged_in}</dt>
        <dd>{sessions.length === 0 ? w.nowhere : w.devices(sessions.length)}</dd>
        {last !== undefined && (
          <>
            <dt>{w.last_seen}</dt>
            <dd>{full_time(last.last_seen_at, language)}</dd>
          </>
        )}
        <dt>{w.points}</dt>
        <dd class="num" data-points={balance?.balance}>
          {balance === undefined ? "…" : balance === null ? w.points_failed : number.format(balance.balance)}
          {balance != null && balance.held > 0 && ` ${w.points_held(balance.held)}`}
        </dd>
      </dl>
      {account.bio !== "" && <p class="quiet small bio" dir="auto">{account.bio}</p>}
      <div class="row wrap">
        <button type="button" class="btn btn-main" onClick={() => set_granting(true)}>{w.grant}</button>
        <a class="btn" href={`/people/${account.handle}`}>{w.profile}</a>
      </div>
      {granting && <GrantDialog account={account} close={() => set_granting(false)} granted={granted} />}
    </section>
  );
}
