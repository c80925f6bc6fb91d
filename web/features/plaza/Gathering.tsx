// A lantern on its rope, the title it is of, the people under it, and what they say.
import { useEffect, useRef, useState } from "preact/hooks";
import type { PlazaTitle } from "../../../sdk/ts/src/index";
import { useTexts } from "../../lib/i18n";
import { name_in } from "../../lib/names";
import { language_store } from "../../lib/prefs";
import { useStore } from "../../lib/store";
import { Lantern } from "../../ui/Lantern";
import { Crowd } from "./Crowd";
import { posts_max } from "./plaza";
import { Says } from "./Says";

const bulbs = [[14, 10], [30, 17], [70, 17], [86, 10]] as const;

function Rope() {
  return (
    <div class="rope" aria-hidden="true">
      <svg viewBox="0 0 100 40" preserveAspectRatio="none"><path d="M0 2Q50 42 100 2" /></svg>
      {bulbs.map(([left, top]) => <i key={left} style={{ left: `${left}%`, top: `${top}px` }} />)}
    </div>
  );
}

/** A lantern that nobody has lit yet. */
export function Unlit() {
  return (
    <div class="gather" aria-hidden="true">
      <Rope />
      <div class="lamp"><Lantern lit={false} /></div>
      <div class="plate"><span class="skel" /></div>
    </div>
  );
}

interface Props {
  one: PlazaTitle;
  /** How bright, from 0 to 1. */
  lit: number;
  place: number;
  /** Whether somebody asked for stillness now, or for calm on all pages. */
  still: boolean;
  calm: boolean;
  hold: () => () => void;
}

export function Gathering({ one, lit, place, still, calm, hold }: Props) {
  const t = useTexts();
  const name = name_in(one.title.names, useStore(language_store));
  const element = useRef<HTMLElement>(null);
  const { near, seen } = useNearness(element);
  const id = `lantern-${one.title.id}`;
  return (
    <article
      class={`gather ${near ? "" : "far-off"}`} aria-labelledby={id} style={{ "--lit": lit.toFixed(2) }}
      ref={element}
    >
      <Rope />
      <div class="light" aria-hidden="true" />
      <div class="lamp" aria-hidden="true">
        <Lantern lit crest={one.title.crest} title={one.title.id} />
      </div>
      <div class="plate">
        <h2 id={id} lang={name.language} dir="auto">
          <a href={`/communities/${one.community}`}>{name.text}</a>
        </h2>
        <p>{t.plaza.people(one.people_count)}</p>
      </div>
      {one.posts.length > 0 && (
        <Says
          posts={one.posts.slice(0, posts_max)} label={t.plaza.said(name.text)} place={place}
          still={still} calm={calm} near={near} hold={hold}
        />
      )}
      <Crowd people={seen ? one.people : []} />
    </article>
  );
}

// Whether it is near the screen, and ever was: faces come when somebody comes near, and stay.
function useNearness(element: { current: HTMLElement | null }) {
  const [near, set_near] = useState(false);
  const [seen, set_seen] = useState(false);
  useEffect(() => {
    const observer = new IntersectionObserver((entries) => {
      const last = entries.at(-1)?.isIntersecting === true;
      set_near(last);
      if (last) set_seen(true);
    }, { rootMargin: "400px 0px" });
    observer.observe(element.current as HTMLElement);
    return () => observer.disconnect();
  }, []);
  return { near, seen };
}
