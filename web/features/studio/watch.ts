// Answers that are asked for again and again, as long as somebody looks.
import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import type { Failure, Reply } from "../../../sdk/ts/src/index";
import { expired } from "../../app/session";

export interface Watched<T> {
  value: T | null;
  /** When it came, by this device's clock. */
  at_ms: number;
  /** Why the newest did not come; what came before stays. */
  failure: Failure | null;
  again: () => void;
}

/**
 * Asks at once, and after each answer so much later as `pause_ms` says; after a failure, in five seconds.
 * Another `of` begins anew; null asks for nothing.
 */
export function useWatched<T>(of: string | null, ask: () => Promise<Reply<T>>, pause_ms: (value: T) => number): Watched<T> {
  const [state, set_state] = useState<{ of: string | null; value: T | null; at_ms: number; failure: Failure | null }>(
    { of, value: null, at_ms: 0, failure: null });
  const [tries, set_tries] = useState(0);
  const latest = useRef({ ask, pause_ms });
  latest.current = { ask, pause_ms };
  useEffect(() => {
    if (of === null) return;
    let here = true;
    let timer: ReturnType<typeof setTimeout> | undefined;
    let is_asking = false;
    const look = async () => {
      if (is_asking) return;
      clearTimeout(timer);
      is_asking = true;
      const reply = await latest.current.ask();
      is_asking = false;
      if (!here) return;
      if (!reply.ok) expired(reply.failure);
      set_state((before) => (reply.ok
        ? { of, value: reply.value, at_ms: Date.now(), failure: null }
        : { ...(before.of === of ? before : { of, value: null, at_ms: 0 }), failure: reply.failure }));
      if (!document.hidden) timer = setTimeout(() => void look(), reply.ok ? latest.current.pause_ms(reply.value) : 5000);
    };
    const back = () => void (document.hidden || look());
    document.addEventListener("visibilitychange", back);
    void look();
    return () => {
      here = false;
      clearTimeout(timer);
      document.removeEventListener("visibilitychange", back);
    };
  }, [of, tries]);
  const again = useCallback(() => set_tries((before) => before + 1), []);
  return state.of === of ? { ...state, again } : { value: null, at_ms: 0, failure: null, again };
}

/** The server's clock, each second, as long as somebody looks. */
export function useServerNow(as_of: string | undefined, at_ms: number): number {
  const [now, set_now] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => document.hidden || set_now(Date.now()), 1000);
    return () => clearInterval(timer);
  }, []);
  return as_of === undefined ? now : Date.parse(as_of) + Math.max(0, now - at_ms);
}
