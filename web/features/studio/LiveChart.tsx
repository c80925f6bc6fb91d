// A chart of an evening: curves or piled bars over the time since the start, with the windows behind it.
// It is drawn again as figures come, without being made anew.
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import uPlot from "uplot";
import { language_store, theme_store } from "../../lib/prefs";
import { useMedia, useStore } from "../../lib/store";
import { clock_of } from "./evening";

export interface LiveSeries {
  name: string;
  /** One of the colours for charts, "c1" to "c6". */
  colour: string;
  /** One for each point of time, as it is told. */
  values: readonly (number | null)[];
  /** As they are drawn, where that is piled up. */
  drawn?: readonly (number | null)[];
  /** Of another evening. */
  earlier?: boolean;
}

export interface Band {
  from_s: number;
  to_s: number;
}

interface Props {
  label: string;
  /** Seconds since the start. */
  times: readonly number[];
  length_s: number;
  /** Drawn in this order, so that the last lies on top; it is named first. */
  series: readonly LiveSeries[];
  bands?: readonly Band[];
  bars?: boolean;
  /** As it is told of the point under the pointer. */
  text_of: (value: number) => string;
}

/** Of earlier evenings, so that not only colour tells them apart. */
const dashes = [[10, 4], [5, 4], [2, 4]];
const minutes_s = [1, 2, 5, 10, 15, 30, 60].map((one) => one * 60);

/** As tall as the screen has room for. */
const height_of = (width: number): number => Math.round(Math.min(460, Math.max(220, width * 0.3)));

export function LiveChart(props: Props) {
  const { label, times, series, bars = false, text_of } = props;
  const language = useStore(language_store);
  const theme = useStore(theme_store);
  const light = useMedia("(prefers-color-scheme: light)");
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const latest = useRef(props);
  latest.current = props;
  const [pointed, point_at] = useState<number | null>(null);
  // Only these make another chart; figures are put into the one that is there.
  const shape = series.map((one) => `${one.name} ${one.colour} ${one.earlier ?? false}`).join("|");
  const data = useMemo(
    () => [[...times], ...series.map((one) => [...(one.drawn ?? one.values)])] as uPlot.AlignedData, [times, series]);
  useLayoutEffect(() => {
    const here = place.current;
    if (here === null) return;
    const size = () => ({ width: here.clientWidth, height: height_of(here.clientWidth) });
    const made = new uPlot(options(latest, language, bars, size(), point_at), data, here);
    plot.current = made;
    const watch = new ResizeObserver(() => made.setSize(size()));
    watch.observe(here);
    return () => {
      watch.disconnect();
      made.destroy();
      plot.current = null;
    };
  }, [shape, bars, language, theme, light]);
  useEffect(() => plot.current?.setData(data), [data, props.length_s, props.bands]);
  const at_s = pointed === null ? undefined : times[pointed];
  return (
    <>
      <ul class="legend">
        {[...series].reverse().map((one) => (
          <li key={one.name}>
            <span class={`key ${bars ? "box" : one.earlier ? "dash" : ""} of-${one.colour}`} aria-hidden="true" />
            {one.name}
          </li>
        ))}
      </ul>
      <div class="chart" role="img" aria-label={label} ref={place} />
      <p class="pointed num small" aria-hidden="true">
        {at_s !== undefined && pointed !== null && (
          <>
            {clock_of(at_s)}
            {[...series].reverse().map((one) => {
              const value = one.values[pointed];
              return value === null || value === undefined ? null : <span key={one.name}> · {one.name} {text_of(value)}</span>;
            })}
          </>
        )}
      </p>
    </>
  );
}

function options(
  latest: { current: Props }, language: string, bars: boolean, size: { width: number; height: number },
  point_at: (at: number | null) => void,
): uPlot.Options {
  const styles = getComputedStyle(document.documentElement);
  const token = (name: string): string => styles.getPropertyValue(`--${name}`).trim();
  const large = size.width > 1100;
  const font = `${large ? 16 : 12}px ${token("font-num")}`;
  const short = new Intl.NumberFormat(language, { notation: "compact", maximumFractionDigits: 1 });
  const axis = { font, stroke: token("ink-3"), ticks: { show: false } };
  const glow = token("glow-a");
  // Windows lie behind all: when people were asked to come.
  const draw_bands = (plot: uPlot): void => {
    const { ctx, bbox } = plot;
    ctx.save();
    ctx.fillStyle = glow;
    for (const { from_s, to_s } of latest.current.bands ?? []) {
      const [left, right] = [from_s, to_s].map((s) =>
        Math.min(bbox.left + bbox.width, Math.max(bbox.left, plot.valToPos(s, "x", true))));
      ctx.fillRect(left ?? 0, bbox.top, (right ?? 0) - (left ?? 0), bbox.height);
    }
    ctx.restore();
  };
  return {
    ...size,
    legend: { show: false },
    cursor: { y: false, drag: { x: false, y: false }, points: { show: !bars } },
    scales: {
      x: { time: false, range: () => (bars ? [-30, latest.current.length_s] : [0, latest.current.length_s]) },
      y: { range: (_, __, high) => [0, Math.max(1, (high ?? 0) * 1.1)] },
    },
    axes: [
      {
        ...axis, grid: { show: false }, size: large ? 38 : 30, space: 56, incrs: minutes_s,
        values: (_, at) => at.map((one) => clock_of(one)),
      },
      {
        ...axis, grid: { stroke: token("line"), width: 1 }, size: large ? 68 : 52,
        values: (_, at) => at.map((one) => short.format(one)),
      },
    ],
    series: [
      {},
      ...latest.current.series.map(({ name, colour, earlier = false }, at) => ({
        label: name, stroke: token(colour), points: { show: false },
        width: bars ? 0 : earlier ? 2 : 3,
        ...(earlier ? { dash: dashes[at % dashes.length] ?? [] } : {}),
        ...(bars ? { fill: token(colour), paths: uPlot.paths.bars!({ size: [0.7, 40] }) } : {}),
      })),
    ],
    hooks: { drawClear: [draw_bands], setCursor: [({ cursor }) => point_at(cursor.idx ?? null)] },
  };
}
