// Check-in's own icons, on the grid of ui/Icon.tsx. They come with its page.
const paths = {
  camera: "M3 7h4l2-3h6l2 3h4v13H3ZM12 17a4 4 0 1 0 0-8 4 4 0 0 0 0 8Z",
  film: "M4 4h16v16H4ZM8 4v16M16 4v16M4 8h4M4 12h4M4 16h4M16 8h4M16 12h4M16 16h4",
  frame: "M4 9V4h5M15 4h5v5M20 15v5h-5M9 20H4v-5",
} as const;

export function Sign({ name }: { name: keyof typeof paths }) {
  return <svg class="i" viewBox="0 0 24 24" aria-hidden="true"><path d={paths[name]} /></svg>;
}
