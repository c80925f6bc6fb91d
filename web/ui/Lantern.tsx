// The paper lantern: ribs of bamboo, black rims, and what tells a title's from another's: a crest
// around its character.
import { useId, useMemo } from "preact/hooks";
import { crest_of } from "./crest";

const ribs = Array.from({ length: 9 }, (_, i) => {
  const y = 22 + i * 10.2;
  const b = 30 + 14 * Math.sin((Math.PI * (i + 0.9)) / 9.8);
  return `M${(50 - b).toFixed(1)} ${y}Q50 ${(y + 4.5).toFixed(1)} ${(50 + b).toFixed(1)} ${y}`;
}).join("");

const lit_stops = [
  ["0", "#d9641f"], ["0.22", "#f7954a"], ["0.5", "#ffd9a0"], ["0.78", "#f7954a"], ["1", "#cf5a1b"],
];
const dark_stops = [["0", "#5a5674"], ["0.5", "#a49fb8"], ["1", "#565270"]];

interface Props {
  lit: boolean;
  /** A character. */
  crest?: string;
  /** The title's id, where it is a title's. */
  title?: string;
}

export function Lantern({ lit, crest, title }: Props) {
  // A page may show many, and an id is there once.
  const fill = useId();
  const around = useMemo(() => (title === undefined ? null : crest_of(title)), [title]);
  return (
    <svg class="lant" viewBox="0 0 100 136" aria-hidden="true">
      <linearGradient id={fill} x1="0" x2="1">
        {(lit ? lit_stops : dark_stops).map(([at, colour]) => (
          <stop key={at} offset={at} stop-color={colour} />
        ))}
      </linearGradient>
      <path d="M50 0v10" stroke="#2a2336" stroke-width="2.5" />
      <path
        d="M28 18C8 34 4 52 4 64s4 30 24 46h44c20-16 24-34 24-46S92 34 72 18Z"
        fill={`url(#${fill})`}
      />
      <path d={ribs} fill="none" stroke="#7a2f0c" stroke-opacity=".38" stroke-width="1.3" />
      <rect x="29" y="9" width="42" height="10" rx="2.5" fill="#2a2336" />
      <rect x="29" y="109" width="42" height="10" rx="2.5" fill="#2a2336" />
      <path d="M50 119v7M46 126h8l1.5 9h-11Z" stroke="#2a2336" stroke-width="1.5" fill="#b5301c" />
      {around !== null && (
        <g fill="#3a160b" stroke="#3a160b">
          <path d={around.solid} stroke="none" />
          <path d={around.lines} fill="none" stroke-width="1.5" />
        </g>
      )}
      {around !== null && !crest && <circle cx="50" cy="64" r="6" fill="#3a160b" />}
      {crest && (
        <text
          class="crest" x="50" y={around === null ? 80 : 71.5} text-anchor="middle" fill="#3a160b"
          font-size={around === null ? 44 : 21}
        >
          {crest}
        </text>
      )}
    </svg>
  );
}
