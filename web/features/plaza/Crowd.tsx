// The people under a lantern, as the server draws them. Back rows sink into the dusk.
import type { Author } from "../../../sdk/ts/src/index";
import { rows_of } from "./standing";

/** Colour mixed into a row, within its outlines. */
export function Dusk() {
  return (
    <svg class="defs" width="0" height="0" aria-hidden="true">
      {[0.25, 0.5].map((part, at) => (
        <filter key={part} id={`dusk-${at + 1}`} color-interpolation-filters="sRGB">
          <feFlood class="dusk" flood-opacity={part} />
          <feComposite in2="SourceGraphic" operator="atop" />
        </filter>
      ))}
    </svg>
  );
}

export function Crowd({ people }: { people: readonly Author[] }) {
  const rows = rows_of(people);
  return (
    <div class="crowd" aria-hidden="true">
      {rows.map((row, at) => {
        const behind = rows.length === 2 ? 2 * (1 - at) : rows.length - 1 - at;
        return (
          <div key={behind} style={behind === 0 ? {} : { filter: `url(#dusk-${behind})` }}>
            {row.map(({ person, feeling, left, top, size, hops, delay_s }) => (
              <img
                key={person.id} src={`/faces/${person.face}/${feeling}-figure.svg`} alt="" width={100}
                height={107} decoding="async" draggable={false} class={hops ? "hop" : undefined}
                style={{
                  left: `${left}%`, top: `${top}%`, width: `${size}%`,
                  ...(hops ? { animationDelay: `-${delay_s}s` } : {}),
                }}
              />
            ))}
          </div>
        );
      })}
    </div>
  );
}
