// A chart of days: lines, or bars, on a canvas. What it shows stands in a table beside it for whoever
// does not see it; the day under the pointer is told below.
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import uPlot from "uplot";
import { language_store, theme_store } from "../../lib/prefs";
import { useMedia, useStore } from "../../lib/store";
import { date_of } from "./times";

export interface Series {
  name: string;
  /** One of the colours for charts, "c1" to "c6". */
  colour: string;
  /** One for each day. */
  values: readonly number[];
  /** As they are drawn, where that is not as they are: piled up, or below the line. */
  drawn?: readonly number[];
}

interface Props {
  label: string;
  days: readonly string[];
  /** Drawn in this order, so that the last lies on top; it is named first. */
  series: readonly Series[];
  bars?: boolean;
}

const height = 220;
// Whole numbers only: nothing that is counted here has halves.
const steps = Array.from({ length: 16 }, (_, power) => [1, 2, 5].map((one) => one * 10 ** power)).flat();

export function Chart({ label, days, series, bars = false }: Props) {
  const language = useStore(language_store);
  const theme = useStore(theme_store);
  const light = useMedia("(prefers-color-scheme: light)");
  const place = useRef<HTMLDivElement>(null);
  const [pointed, point_at] = useState<number | null>(null);
  const number = useMemo(() => new Intl.NumberFormat(language), [language]);
  useEffect(() => {
    const here = place.current;
    if (here === null) return;
    const data = [days.map((_, at) => at), ...series.map((one) => [...(one.drawn ?? one.values)])];
    const plot = new uPlot(
      options({ days, series, bars, language, width: here.clientWidth, point_at }), data as uPlot.AlignedData, here);
    const watch = new ResizeObserver(() => plot.setSize({ width: here.clientWidth, height }));
    watch.observe(here);
    return () => {
      watch.disconnect();
      plot.destroy();
    };
  }, [days, series, bars, language, theme, light]);
  const day = pointed === null ? undefined : days[pointed];
  return (
    <>
      <ul class="legend">
        {[...series].reverse().map((one) => (
          <li key={one.name}>
            <span class={`key ${bars ? "box" : ""} of-${one.colour}`} aria-hidden="true" />
            {one.name}
          </li>
        ))}
      </ul>
      <div class="chart" role="img" aria-label={label} ref={place} />
      <p class="pointed num small" aria-hidden="true">
        {day !== undefined && pointed !== null && (
          <>
            {date_of(day, language)}
            {[...series].reverse().map((one) => <span key={one.name}> · {one.name} {number.format(one.values[pointed] ?? 0)}</span>)}
          </>
        )}
      </p>
    </>
  );
}

interface Wanted {
  days: readonly string[];
  series: readonly Series[];
  bars: boolean;
  language: string;
  width: number;
  point_at: (at: number | null) => void;
}

function options({ days, series, bars, language, width, point_at }: Wanted): uPlot.Options {
  const styles = getComputedStyle(document.documentElement);
  const token = (name: string): string => styles.getPropertyValue(`--${name}`).trim();
  const font = `12px ${token("font-num")}`;
  const short = new Intl.NumberFormat(language, { notation: "compact", maximumFractionDigits: 1 });
  const date = new Intl.DateTimeFormat(language, { month: "short", day: "numeric", timeZone: "UTC" });
  const axis = { font, stroke: token("ink-3"), ticks: { show: false } };
  const grid = { stroke: token("line"), width: 1 };
  return {
    width, height,
    legend: { show: false },
    cursor: { y: false, drag: { x: false, y: false }, points: { show: !bars } },
    scales: {
      x: { time: false, range: [-0.6, days.length - 0.4] },
      y: { range: (_, low, high) => [Math.min(0, low * 1.1), Math.max(1, high * 1.1)] },
    },
    axes: [
      {
        ...axis, grid: { show: false }, size: 30, space: 64, incrs: steps,
        values: (_, at) => at.map((one) => {
          const day = days[one];
          return day === undefined ? "" : date.format(Date.parse(day));
        }),
      },
      {
        ...axis, grid, size: 52, incrs: steps,
        values: (_, at) => at.map((one) => short.format(Math.abs(one))),
      },
    ],
    series: [
      {},
      ...series.map(({ name, colour }) => ({
        label: name, stroke: token(colour), width: bars ? 0 : 2, points: { show: !bars && days.length <= 31, size: 6 },
        ...(bars ? { fill: token(colour), paths: uPlot.paths.bars!({ size: [0.7, 40] }) } : {}),
      })),
    ],
    hooks: { setCursor: [({ cursor }) => point_at(cursor.idx ?? null)] },
  };
}
