// Icons: one 24-unit grid, one line weight. Drawn in place: a page shows few, and a sprite would
// have to come first.
const paths = {
  plaza: "M12 3v2M8 5h8M7 8c0-2 2-3 5-3s5 1 5 3v6c0 2-2 3-5 3s-5-1-5-3ZM7 9.5h10M7 12.5h10M10 17h4v2h-4ZM12 19v2",
  user: "M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8ZM4 21c.5-4.5 3.5-7 8-7s7.5 2.5 8 7",
  sun: "M12 16a4 4 0 1 0 0-8 4 4 0 0 0 0 8ZM12 2v2M12 20v2M2 12h2M20 12h2M5 5l1.4 1.4M17.6 17.6 19 19M19 5l-1.4 1.4M6.4 17.6 5 19",
  moon: "M20 14.5A8.5 8.5 0 1 1 10 4a7 7 0 0 0 10 10.5Z",
  more: "M5 12h.1M12 12h.1M19 12h.1",
  enter: "M14 4h6v16h-6M4 12h11M11 8l4 4-4 4",
  clock: "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18ZM12 7v5l3.5 2",
  warn: "M12 4 2.5 20h19ZM12 10v5M12 17.5v.1",
  gear: "M12 15.5a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7ZM12 2.5v3M12 18.5v3M2.5 12h3M18.5 12h3M5.3 5.3l2.1 2.1M16.6 16.6l2.1 2.1M18.7 5.3l-2.1 2.1M7.4 16.6l-2.1 2.1",
  shield: "M12 3l8 3c0 7-2 12-8 15-6-3-8-8-8-15Z",
  left: "M15 4l-8 8 8 8",
  brush: "M20 3c-5 2-9 6-11 9l3 3c3-2 7-6 8-12ZM8.5 13c-3 0-4 2-4 4 0 1.5-.8 2.5-2 3 4 1.2 8.5 0 8.5-4Z",
} as const;

export type IconName = keyof typeof paths;

export function Icon({ name }: { name: IconName }) {
  return (
    <svg class="i" viewBox="0 0 24 24" aria-hidden="true">
      <path d={paths[name]} stroke-width={name === "more" ? 3.2 : undefined} />
    </svg>
  );
}
