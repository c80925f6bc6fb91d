// The raid's own icons, on the grid of ui/Icon.tsx. They come with its page.
const paths = {
  sword: "M20 3v4l-9 9-4-4 9-9ZM5 13l6 6M7.5 16.5 3.5 20.5M14 9l1 1",
  heal: "M12 20C5 15.5 3 12 3 8.8 3 6 5 4 7.5 4c2 0 3.5 1 4.5 3 1-2 2.5-3 4.5-3C19 4 21 6 21 8.8c0 3.2-2 6.7-9 11.2ZM12 9v6M9 12h6",
  wave: "M2 9c3-4 5-4 7 0s5 4 7 0 4-3 6-1M2 16c3-4 5-4 7 0s5 4 7 0 4-3 6-1",
  join: "M12 3v18M5 6c3-2 5 1 7 0s4-2 7 0v8c-3-2-5 1-7 0s-4-2-7 0",
  cross: "M5 5l14 14M19 5 5 19",
} as const;

export type SignName = keyof typeof paths;

export function Sign({ name }: { name: SignName }) {
  return <svg class="i" viewBox="0 0 24 24" aria-hidden="true"><path d={paths[name]} /></svg>;
}
