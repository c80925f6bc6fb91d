// The head of a community: a night of waves, a rope of bulbs, and the lantern. It is
// lit while the page is connected, because a lit lantern says that people are there.
import type { ComponentChildren } from "preact";
import { Lantern } from "../../ui/Lantern";

const bulbs = [70, 200, 330, 470, 610, 750, 890, 1020, 1150, 1240];

// The rope hangs in two arcs over 1280 units; this is its height at x.
function rope_y(x: number): number {
  const within = (x % 640) / 640;
  return 8 + 26 * 4 * within * (1 - within);
}

interface Props {
  lit: boolean;
  title: string;
  /** Of the title, where it is not that of the page. */
  language?: string;
  crest?: string;
  /** The title that it is of. */
  of?: string;
  /** Below the title. */
  children?: ComponentChildren;
}

export function Band({ lit, title, language, crest, of, children }: Props) {
  return (
    <>
      <div class="cover-band" aria-hidden="true">
        <svg preserveAspectRatio="xMidYMid slice" viewBox="0 0 1280 132">
          <defs>
            <pattern id="waves" width="48" height="24" patternUnits="userSpaceOnUse">
              <g fill="#24407a" stroke="#6f92cf" stroke-width="1.1" stroke-opacity=".55">
                {[[24, 24], [0, 36], [48, 36]].map(([x, y]) =>
                  [23, 16, 9].map((r) => <circle key={`${x} ${r}`} cx={x} cy={y} r={r} />))}
              </g>
            </pattern>
            <linearGradient id="dusk" x1="0" x2="1">
              <stop offset="0" stop-color="#f7954a" stop-opacity=".35" />
              <stop offset=".5" stop-color="#24407a" stop-opacity="0" />
            </linearGradient>
            <radialGradient id="bulb">
              <stop offset="0" stop-color="#ffd49a" stop-opacity=".55" />
              <stop offset="1" stop-color="#ffd49a" stop-opacity="0" />
            </radialGradient>
          </defs>
          <rect width="1280" height="132" fill="#24407a" />
          <rect y="12" width="1280" height="120" fill="url(#waves)" />
          <rect width="1280" height="132" fill="url(#dusk)" />
          <path d="M0 8Q320 60 640 8" class="band-rope" />
          <path d="M640 8Q960 60 1280 8" class="band-rope" />
          {bulbs.map((x) => (
            <g key={x}>
              {lit && <circle cx={x} cy={rope_y(x) + 8} r="22" fill="url(#bulb)" />}
              <ellipse
                cx={x} cy={rope_y(x) + 8} rx="5" ry="6.5" fill={lit ? "#ffd9a0" : "#7f7b99"}
              />
            </g>
          ))}
        </svg>
      </div>
      <div class="c-head">
        <div class={`lamp ${lit ? "lit" : ""}`}><Lantern lit={lit} {...(crest === undefined ? {} : { crest })} {...(of === undefined ? {} : { title: of })} /></div>
        <div>
          <h1 tabIndex={-1} lang={language} dir="auto">{title}</h1>
          {children}
        </div>
      </div>
    </>
  );
}
