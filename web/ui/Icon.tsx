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
  people: "M9 11a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7ZM2.5 20c.4-4 3-6 6.5-6s6.1 2 6.5 6M16 4.5a3.3 3.3 0 0 1 0 6.3M18 14.5c2 .8 3.3 2.7 3.5 5.5",
  bell: "M6 16v-5a6 6 0 0 1 12 0v5l1.5 2h-15ZM10 20.5c.8 1 3.2 1 4 0M12 3v2",
  talk: "M4 5h16v11h-9l-4 4v-4H4Z",
  erase: "M8 20h12M4.5 14.5 13 6l6 6-7.5 7.5H8ZM9 10l6 6",
  undo: "M9 7 4 11.5 9 16M4.5 11.5H15a5 5 0 0 1 0 9.5h-2",
  redo: "M15 7l5 4.5L15 16M19.5 11.5H9a5 5 0 0 0 0 9.5h2",
  trash: "M4 7h16M9 7V4h6v3M6 7l1 14h10l1-14M10 11v6M14 11v6",
  pause: "M8 5v14M16 5v14",
  play: "M7 4.5v15l12-7.5Z",
  close: "M5 5l14 14M19 5 5 19",
  check: "M4 12.5 9.5 18 20 6",
  eye: "M2 12c3-5 6-7 10-7s7 2 10 7c-3 5-6 7-10 7s-7-2-10-7ZM12 15a3 3 0 1 0 0-6 3 3 0 0 0 0 6Z",
  veil: "M3 12c3 4 6 5 9 5s6-1 9-5M5.5 15 4 17M10 17l-.6 2.5M14 17l.6 2.5M18.5 15l1.5 2",
  pencil: "M4 20l1-5L16 4l4 4L9 19ZM13.5 6.5l4 4",
  mute: "M4 9v6h4l5 4V5L8 9ZM16.5 9.5l5 5M21.5 9.5l-5 5",
  right: "M9 4l8 8-8 8",
  chart: "M4 4v16h16M7 15l4-5 3 3 5-7",
} as const;

export type IconName = keyof typeof paths;

export function Icon({ name }: { name: IconName }) {
  return (
    <svg class="i" viewBox="0 0 24 24" aria-hidden="true">
      <path d={paths[name]} stroke-width={name === "more" ? 3.2 : undefined} />
    </svg>
  );
}
