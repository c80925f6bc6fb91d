// The plaza, the front page: a lantern for each title, a crowd under it, and what they say rises.
import { useCallback, useEffect, useMemo, useRef } from "preact/hooks";
import { then_to } from "../../app/router";
import { session_store } from "../../app/session";
import { failure_text } from "../../lib/failure";
import { useTexts } from "../../lib/i18n";
import { set_still, still_store } from "../../lib/prefs";
import { useMedia, useStore } from "../../lib/store";
import { Icon } from "../../ui/Icon";
import { Notice } from "../../ui/States";
import { Offline, useConnected } from "../feed/Connected";
import { common_ground } from "../feed/desks";
import { watch_plaza } from "../feed/live";
import { Dusk } from "./Crowd";
import { Gathering, Unlit } from "./Gathering";
import { lanterns_max, lit_of, type Plaza } from "./plaza";
import { Sky } from "./Sky";

export function PlazaPage() {
  const t = useTexts();
  const plaza = useMemo(watch_plaza, []);
  const state = useStore(plaza.state);
  const connected = useConnected(plaza);
  const still = useStore(still_store);
  const calm = useMedia("(prefers-reduced-motion: reduce)");
  const { lanterns, status } = state;
  const hold = useCallback(() => plaza.hold(), [plaza]);
  useEffect(() => (still ? hold() : undefined), [still]);
  // The lights are lit while the page is connected: a lit lantern says that people are there.
  const lit = lit_of(lanterns, connected);
  return (
    <main id="main" class={`scene ${still ? "still" : ""}`}>
      <Sky />
      <Dusk />
      <Hero plaza={plaza} connected={connected} />
      {status === "loading" && (
        <div class="ground" role="status" aria-label={t.app.loading}>
          {[1, 2, 3].map((one) => <Unlit key={one} />)}
        </div>
      )}
      {lanterns.length > 0 && (
        <div class="ground">
          {lanterns.map((one, at) => (
            <Gathering
              key={one.title.id} one={one} lit={lit[at] ?? 0} place={at} still={still} calm={calm} hold={hold}
            />
          ))}
        </div>
      )}
      {status === "failed" && (
        <div class="note">
          <Notice
            title={t.plaza.failed} alert
            text={state.failure === null ? t.failure.unreachable : failure_text(state.failure, t)}
          >
            <button type="button" class="btn" onClick={() => plaza.retry()}>{t.app.try_again}</button>
          </Notice>
        </div>
      )}
      {status === "ready" && lanterns.length === 0 && (
        <div class="note">
          <Notice title={t.plaza.empty_title} text={t.plaza.empty}>
            <a class="btn" href={`/communities/${common_ground}`}>{t.feed.title}</a>
          </Notice>
        </div>
      )}
      {lanterns.length > 0 && <Further plaza={plaza} />}
    </main>
  );
}

function Hero({ plaza, connected }: { plaza: Plaza; connected: boolean }) {
  const t = useTexts();
  const { lanterns, status, people_count, titles_count } = useStore(plaza.state);
  const session = useStore(session_store);
  const still = useStore(still_store);
  // Where most people are; where nobody is yet, the place that is always there.
  const place = `/communities/${lanterns[0]?.community ?? common_ground}`;
  return (
    <div class="hero">
      <h1 tabIndex={-1}>{t.plaza.title}</h1>
      {status === "loading" && <p><span class="skel" /></p>}
      {status === "ready" && (
        <p>{lanterns.length === 0 ? t.plaza.lead_empty : t.plaza.lead(people_count, titles_count)}</p>
      )}
      <div class="acts">
        <a class="btn btn-main" href={session.state === "anonymous" ? then_to("/login", place) : place}>
          <Icon name="brush" />{t.plaza.write}
        </a>
        <button type="button" class="btn" aria-pressed={still} onClick={() => set_still(!still)}>
          <Icon name="pause" />{t.plaza.still}
        </button>
      </div>
      {!connected && status === "ready" && <Offline />}
    </div>
  );
}

function Further({ plaza }: { plaza: Plaza }) {
  const t = useTexts();
  const { lanterns, titles_count, further } = useStore(plaza.state);
  const before = useRef(0);
  const more = Math.min(titles_count, lanterns_max) - lanterns.length;
  // The button may be gone: the first of the new lanterns is where one has walked to.
  useEffect(() => {
    if (before.current === 0 || before.current >= lanterns.length) return;
    const first = document.querySelectorAll<HTMLElement>(".plate a")[before.current];
    before.current = 0;
    first?.focus();
  }, [lanterns.length]);
  function walk() {
    before.current = lanterns.length;
    void plaza.walk_on();
  }
  return (
    <div class="ground-end">
      {more > 0 && <p class="quiet">{t.plaza.more(more)}</p>}
      {further === "failed" && <p class="hint bad" role="alert">{t.plaza.failed}</p>}
      <div class="row wrap">
        {more > 0 && (
          <button type="button" class="btn" aria-busy={further === "loading"} onClick={walk}>
            {t.plaza.walk_on}
          </button>
        )}
        {more <= 0 && <a class="btn" href="/communities">{t.plaza.all}</a>}
      </div>
    </div>
  );
}
