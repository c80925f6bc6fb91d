// The windows of a programme, a lantern each: lit where one was there.
import { Lantern } from "../../ui/Lantern";
import { is_had, type Slot } from "./airing";
import { useWords, type Words } from "./words";

function state_of(slot: Slot, now: number, w: Words): string {
  if (is_had(slot)) return w.slot_had;
  if (slot.checkin !== null) return w.slot_void;
  if (now < slot.opens_ms) return w.slot_coming;
  return now < slot.closes_ms ? w.slot_open : w.slot_missed;
}

export function Slots({ slots, now, time_text }: {
  slots: readonly Slot[]; now: number; time_text: (ms: number) => string;
}) {
  const w = useWords();
  return (
    <ul class="slots">
      {slots.map((slot) => {
        const is_open = slot.opens_ms <= now && now < slot.closes_ms;
        return (
          <li
            key={slot.window} class={is_had(slot) ? "had" : ""} aria-current={is_open ? "time" : undefined}
            data-window={slot.window}
          >
            <Lantern lit={is_had(slot)} />
            <span class="num">{time_text(slot.opens_ms)}</span>
            <span class="state-word">{state_of(slot, now, w)}</span>
          </li>
        );
      })}
    </ul>
  );
}
