// The raid in the browser: many people against one boss, in one order for everybody.
import { useEffect, useMemo, useState } from "preact/hooks";
import type { Failure, Me, Play } from "../../../sdk/ts/src/index";
import { client } from "../../app/client";
import { check_session, session_store } from "../../app/session";
import { online_store } from "../../lib/connection";
import { failure_text } from "../../lib/failure";
import { useTexts } from "../../lib/i18n";
import { name_in } from "../../lib/names";
import { language_store } from "../../lib/prefs";
import { tab_storage } from "../../lib/storage";
import { useStore } from "../../lib/store";
import { Icon } from "../../ui/Icon";
import { Notice } from "../../ui/States";
import { say } from "../../ui/toast";
import { Invite } from "../feed/Aside";
import { useConnected } from "../feed/Connected";
import { Boss } from "./Boss";
import { Fight, type FightState } from "./fight";
import { Order } from "./Order";
import { Party } from "./Party";
import { Ranks } from "./Ranks";
import { Stage } from "./Stage";
import { Talk } from "./Talk";
import { useWords } from "./words";

const hidden_pause_ms = 30_000;

function usePlay() {
  const [play, set_play] = useState<Play | null>(null);
  const [failure, set_failure] = useState<Failure | null>(null);
  const [tries, set_tries] = useState(0);
  useEffect(() => {
    let here = true;
    void client.play().then((reply) => {
      if (!here) return;
      if (reply.ok) set_play(reply.value);
      set_failure(reply.ok ? null : reply.failure);
    });
    return () => void (here = false);
  }, [tries]);
  return { play, failure, retry: () => set_tries(tries + 1) };
}

export function PlayPage() {
  const t = useTexts();
  const w = useWords();
  const { play, failure, retry } = usePlay();
  const session = useStore(session_store);
  const title = name_in(play?.title.names ?? {}, useStore(language_store));
  useEffect(() => {
    if (title.text !== "") document.title = `${title.text} · ${t.app.name}`;
  }, [title.text, t]);
  if (play === null && failure?.code === "not_found") {
    return (
      <main id="main" class="narrow">
        <Notice title={w.none_title} text={w.none} level={1}>
          <a class="btn btn-main" href="/">{t.not_found.back}</a>
        </Notice>
      </main>
    );
  }
  if (play === null && failure !== null) return <NotThere failure={failure} retry={retry} />;
  if (play === null || session.state === "unknown") return <Waiting />;
  if (session.state === "anonymous") return <Outside title={title} />;
  return <Arena key={session.me.id} play={play} me={session.me} title={title} />;
}

function NotThere({ failure, retry }: { failure: Failure; retry: () => void }) {
  const t = useTexts();
  const w = useWords();
  const shut = !["unreachable", "busy", "io", "exhausted"].includes(failure.code);
  return (
    <main id="main" class="narrow">
      <Notice title={w.failed} text={shut ? w.shut : failure_text(failure, t)} level={1} alert>
        <button type="button" class="btn" onClick={retry}>{t.app.try_again}</button>
      </Notice>
    </main>
  );
}

// The sea, before anything is known of what is in it.
function Waiting() {
  const w = useWords();
  return (
    <main id="main">
      <div class="arena">
        <div class="stage waiting" role="status" aria-label={w.loading}>
          <div class="hud"><span class="skel name" /><span class="skel" /></div>
          <div class="sight" aria-hidden="true"><Boss label={w.boss} mood="beaten" /></div>
          <div class="moves one"><span class="skel" /></div>
        </div>
      </div>
    </main>
  );
}

function Outside({ title }: { title: { text: string; language: string } }) {
  const w = useWords();
  return (
    <main id="main">
      <div class="arena">
        <section class="stage" aria-label={w.fight}>
          <div class="hud"><h1 tabIndex={-1} lang={title.language} dir="auto">{title.text}</h1></div>
          <div class="sight"><Boss label={w.boss} mood="awake" /></div>
        </section>
        <div class="stack outside">
          <p>{w.invite}</p>
          <Invite />
        </div>
      </div>
    </main>
  );
}

// The fight of this page, from when it is looked at until it is left.
function useFight(play: Play, me: Me): { fight: Fight; state: FightState; shut: Failure | null } {
  const t = useTexts();
  const fight = useMemo(() => new Fight(client, play, me.id, tab_storage()), []);
  const state = useStore(fight.state);
  const [shut, set_shut] = useState<Failure | null>(null);
  fight.on_refused = (failure) => {
    if (failure.code !== "unauthenticated") {
      if (fight.state.get().status === "failed") return set_shut(failure);
      return say(failure_text(failure, t));
    }
    // Either the session is over, or the game's key counts no longer.
    void check_session().then(() => session_store.get().state === "known" && set_shut(failure));
  };
  useEffect(() => {
    fight.start();
    const unfollow = online_store.follow(() => online_store.get() && fight.try_now());
    let timer: ReturnType<typeof setTimeout> | null = null;
    const look = () => {
      if (timer !== null) clearTimeout(timer);
      timer = null;
      if (document.hidden) timer = setTimeout(() => fight.pause(), hidden_pause_ms);
      else fight.try_now();
    };
    document.addEventListener("visibilitychange", look);
    return () => {
      unfollow();
      if (timer !== null) clearTimeout(timer);
      document.removeEventListener("visibilitychange", look);
      fight.stop();
    };
  }, [fight]);
  return { fight, state, shut };
}

function Arena({ play, me, title }: { play: Play; me: Me; title: { text: string; language: string } }) {
  const w = useWords();
  const { fight, state, shut } = useFight(play, me);
  const connected = useConnected(fight);
  const [chosen, choose] = useState<string | null>(null);
  if (shut !== null) return <NotThere failure={shut} retry={() => location.reload()} />;
  if (state.status === "failed" && state.failure !== null) {
    return <NotThere failure={state.failure} retry={() => fight.retry()} />;
  }
  if (state.status !== "ready") return <Waiting />;
  const name_of = (id: string) => (id === me.id ? w.you : state.people.get(id)?.name ?? w.somebody);
  return (
    <main id="main">
      <div class="arena">
        <div class="stack first">
          {(!connected || state.stuck !== null) && <Lost waiting={state.waiting} />}
          <Stage fight={fight} state={state} title={title} name_of={name_of} chosen={chosen} />
        </div>
        <div class="stack side">
          <Party me={me.id} state={state} name_of={name_of} chosen={chosen} choose={choose} />
          <Order me={me.id} state={state} connected={connected} name_of={name_of} />
          <Ranks me={me.id} ranks={state.ranks} />
        </div>
        <Talk me={me} community={play.title.main_community} />
      </div>
    </main>
  );
}

function Lost({ waiting }: { waiting: number }) {
  const w = useWords();
  return (
    <div class="banner warn" role="status">
      <Icon name="warn" />
      <p><b>{w.lost_title}</b> {w.lost}{waiting > 0 && <> {w.waits(waiting)}</>}</p>
    </div>
  );
}
