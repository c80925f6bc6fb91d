// Programmes and their windows as a viewer meets them: what is on, what comes, and what they have.
import type { BroadcastPath, Checkin, CheckinWindow, Programme } from "../../../sdk/ts/src/index";

export const paths: readonly BroadcastPath[] = ["terrestrial", "cable", "stream"];

const soon_ms = 120_000;
/** A programme stays in sight that long when it is over: its last check-in may be still on its way. */
const lingers_ms = 900_000;

/** A window as it is seen at the end of a path. */
export interface Slot {
  window: number;
  number: number; // of how many, from 1
  opens_ms: number;
  closes_ms: number;
  points: number;
  checkin: Checkin | null;
}

export type Moment =
  | { is: "open"; slot: Slot }
  | { is: "soon" | "waiting"; slot: Slot }
  | { is: "over" };

const starts_ms = (one: Programme) => Date.parse(one.starts_at);
const ends_ms = (one: Programme, path: BroadcastPath) => Date.parse(one.ends_at) + one.delay_ms[path];

/** What one can choose from: what is on, the one that began last first; then what comes, and what is just over. */
export function choices(programmes: readonly Programme[], path: BroadcastPath, now_ms: number): Programme[] {
  const all = [...programmes].sort((a, b) => starts_ms(a) - starts_ms(b));
  const on = all.filter((one) => is_on(one, path, now_ms)).reverse();
  const over = all.filter((one) => ends_ms(one, path) <= now_ms);
  const coming = all.filter((one) => !on.includes(one) && !over.includes(one));
  return [...on, ...coming, ...over.filter((one) => ends_ms(one, path) + lingers_ms > now_ms).reverse()];
}

export function is_on(programme: Programme, path: BroadcastPath, now_ms: number): boolean {
  return starts_ms(programme) + programme.delay_ms[path] <= now_ms && now_ms < ends_ms(programme, path);
}

/** One's check-in of each window: of two, the one that counts. */
export function own_of(programme: Programme, window: CheckinWindow, own: readonly Checkin[]): Checkin | null {
  const those = own.filter((one) => one.programme === programme.id && one.window === window.window);
  return those.find((one) => one.status !== "void") ?? those[0] ?? null;
}

export function slots_of(programme: Programme, path: BroadcastPath, own: readonly Checkin[]): Slot[] {
  return [...programme.windows]
    .sort((a, b) => Date.parse(a.starts_at) - Date.parse(b.starts_at))
    .map((window, i) => ({
      window: window.window, number: i + 1, points: window.points,
      opens_ms: Date.parse(window.starts_at) + programme.delay_ms[path],
      closes_ms: Date.parse(window.ends_at) + programme.delay_ms[path],
      checkin: own_of(programme, window, own),
    }));
}

export function moment_of(slots: readonly Slot[], now_ms: number): Moment {
  const slot = slots.find((one) => one.closes_ms > now_ms);
  if (slot === undefined) return { is: "over" };
  if (slot.opens_ms <= now_ms) return { is: "open", slot };
  return { is: slot.opens_ms - now_ms <= soon_ms ? "soon" : "waiting", slot };
}

/** When what one has of a window tells that nobody is to check in to it again. */
export const is_had = ({ checkin }: Slot): boolean => checkin !== null && checkin.status !== "void";

/** "1:05", "1:00:05". */
export function clock_text(ms: number): string {
  const seconds = Math.max(0, Math.ceil(ms / 1000));
  const two = (value: number) => String(value).padStart(2, "0");
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  const rest = two(seconds % 60);
  return hours > 0 ? `${hours}:${two(minutes)}:${rest}` : `${minutes}:${rest}`;
}
