// The page's own icons, on the grid of ui/Icon.tsx. They come with it.
const paths = {
  search: "M10.5 17a6.5 6.5 0 1 0 0-13 6.5 6.5 0 0 0 0 13ZM15.5 15.5 21 21",
  sword: "M20 3v4l-9 9-4-4 9-9ZM5 13l6 6M7.5 16.5 3.5 20.5M14 9l1 1",
  heal: "M12 20C5 15.5 3 12 3 8.8 3 6 5 4 7.5 4c2 0 3.5 1 4.5 3 1-2 2.5-3 4.5-3C19 4 21 6 21 8.8c0 3.2-2 6.7-9 11.2ZM12 9v6M9 12h6",
  game: "M7 8h10a5 5 0 0 1 0 10c-2 0-3-2-5-2s-3 2-5 2A5 5 0 0 1 7 8ZM7.5 11v4M5.5 13h4M15.5 12h.1M18 14h.1",
  post: "M4 5h16v11h-9l-4 4v-4H4Z",
  points: "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18ZM9 9h6v6H9Z",
  session: "M14 4h6v16h-6M4 12h11M11 8l4 4-4 4",
  copy: "M9 9h11v11H9ZM5 15H4V4h11v1",
} as const;

export type SignName = keyof typeof paths;

export function Sign({ name }: { name: SignName }) {
  return <svg class="i" viewBox="0 0 24 24" aria-hidden="true"><path d={paths[name]} /></svg>;
}
