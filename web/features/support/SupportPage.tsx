// A player as support sees them: who they are, everything that happened to them, and what they have
// in each game. The question that it answers: why did they lose 100 points?
import { useEffect, useMemo, useState } from "preact/hooks";
import type { SupportPlayer } from "../../../sdk/ts/src/index";
import { client } from "../../app/client";
import { go, then_to } from "../../app/router";
import { is_support, session_store } from "../../app/session";
import { useReply, useStaffLook } from "../../app/staff";
import { failure_text } from "../../lib/failure";
import { useTexts } from "../../lib/i18n";
import { useStore } from "../../lib/store";
import { Notice, Skeleton } from "../../ui/States";
import { Chronicle } from "./chronicle";
import {
  game_source, points_source, post_source, session_source, type Entry, type PlayedTitle,
} from "./entries";
import { support_address } from "./naming";
import { RecordCard } from "./RecordCard";
import { Sign } from "./Sign";
import { Titles } from "./Titles";
import { useWords } from "./words";
import { Who } from "./Who";

export function SupportPage({ who }: { who: string }) {
  const t = useTexts();
  const w = useWords();
  const session = useStore(session_store);
  useStaffLook();
  if (session.state === "unknown") return <main id="main" class="narrow"><Skeleton count={2} /></main>;
  if (session.state === "anonymous") {
    return (
      <main id="main" class="narrow">
        <Notice title={w.not_staff_title} text={w.visitor} level={1}>
          <a class="btn btn-main" href={then_to("/login", support_address(who))}>{t.account.log_in}</a>
        </Notice>
      </main>
    );
  }
  if (!is_support(session.me)) {
    return (
      <main id="main" class="narrow">
        <Notice title={w.not_staff_title} text={w.not_staff} level={1}>
          <a class="btn btn-main" href="/">{t.not_found.back}</a>
        </Notice>
      </main>
    );
  }
  return (
    <main id="main" class="support">
      {who === "" && <><h1 tabIndex={-1}>{w.page}</h1><p class="quiet">{w.lead}</p></>}
      <Find who={who} />
      {who !== "" && <Player who={who} key={who} />}
    </main>
  );
}

function Find({ who }: { who: string }) {
  const w = useWords();
  const [wanted, set_wanted] = useState(who);
  useEffect(() => set_wanted(who), [who]);
  return (
    <form
      class="find" role="search"
      onSubmit={(event) => {
        event.preventDefault();
        const name = wanted.trim().replace(/^@/, "").toLowerCase();
        if (name !== "") go(support_address(name));
      }}
    >
      <label for="who">{w.who}</label>
      <div class="row">
        <input
          id="who" class="input" type="search" value={wanted} autocomplete="off" autocapitalize="none"
          spellcheck={false} dir="ltr" aria-describedby="who-hint"
          onInput={(event) => set_wanted(event.currentTarget.value)}
        />
        <button type="submit" class="btn"><Sign name="search" />{w.find}</button>
      </div>
      <p class="hint" id="who-hint">{w.who_hint} {w.looked}</p>
    </form>
  );
}

function Player({ who }: { who: string }) {
  const t = useTexts();
  const w = useWords();
  const { value: player, failure, again: read } = useReply(() => client.support.player(who), [who]);
  if (player === null && failure !== null) {
    const nobody = failure.code === "not_found";
    return (
      <Notice
        title={nobody ? w.nobody_title : w.failed} text={nobody ? w.nobody(who) : failure_text(failure, t)}
        level={1} alert
      >
        {!nobody && <button type="button" class="btn" onClick={read}>{t.app.try_again}</button>}
      </Notice>
    );
  }
  if (player === null) return <Skeleton count={3} />;
  return (
    <>
      {failure !== null && (
        <div class="banner bad" role="alert">
          <p class="grow">{failure_text(failure, t)}</p>
          <button type="button" class="btn" onClick={read}>{t.app.try_again}</button>
        </div>
      )}
      <Found player={player} read={read} />
    </>
  );
}

function Found({ player, read }: { player: SupportPlayer; read: () => void }) {
  const t = useTexts();
  const w = useWords();
  const [added, set_added] = useState<PlayedTitle[]>([]);
  const { id, name } = player.account;
  const titles = [
    ...(player.titles ?? []).map((one) => ({ id: one.id, names: one.title?.names ?? null })), ...added,
  ];
  // A player who was read again is another one, and so is their record.
  const chronicle = useMemo(() => new Chronicle<Entry>([
    ...titles.map((title) => game_source(id, title)), points_source(id), post_source(id), session_source(player.sessions),
  ]), [player, added]);
  useEffect(() => void (document.title = `${name} · ${w.page} · ${t.app.name}`), [name, t, w]);
  return (
    <>
      <p class="vh" role="status">{w.found(name)}</p>
      <div class="p360">
        <Who player={player} chronicle={chronicle} granted={read} />
        <RecordCard player={id} titles={titles} chronicle={chronicle} read_again={read} />
        <Titles
          player={player} titles={titles} read_again={read} add={(title) => set_added([...added, title])}
        />
      </div>
    </>
  );
}
