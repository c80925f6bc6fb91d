// What is left until a moment, counted quietly: nothing that reads aloud follows it.
import { useEffect, useState } from "preact/hooks";
import { clock_text } from "./airing";
import { useWords } from "./words";

/** `now` is the clock that `at_ms` is on. */
export function Left({ at_ms, now }: { at_ms: number; now: () => number }) {
  const w = useWords();
  const [left_ms, set_left_ms] = useState(() => at_ms - now());
  useEffect(() => {
    set_left_ms(at_ms - now());
    const timer = setInterval(() => set_left_ms(at_ms - now()), 250);
    return () => clearInterval(timer);
  }, [at_ms]);
  if (left_ms <= 0) return null;
  return <span class="num nowrap" role="timer" aria-live="off">{w.left(clock_text(left_ms))}</span>;
}
