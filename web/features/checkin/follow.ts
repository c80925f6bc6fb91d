// What the server knows while the page is open: the programmes, and one's own check-ins until their
// points are settled.
import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import type { Checkin, Failure, Programme, Reply } from "../../../sdk/ts/src/index";
import { client } from "../../app/client";
import { expired } from "../../app/session";

const programmes_every_ms = 45_000;
const settling_ms_min = 1500;
const settling_ms_max = 15_000;
const own_count = 100; // the newest

/** Now, each second, as long as somebody looks. */
export function useNow(): number {
  const [now, set_now] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => document.hidden || set_now(Date.now()), 1000);
    return () => clearInterval(timer);
  }, []);
  return now;
}

/** Asks at once, then after each pause that `pause_ms` gives, as long as somebody looks; null: no more. */
function useAsked<T>(ask: () => Promise<Reply<T>>, heard: (reply: Reply<T>) => void, pause_ms: () => number | null) {
  const timer = useRef<ReturnType<typeof setTimeout> | null>(null);
  const here = useRef(true);
  const latest = useRef({ heard, pause_ms });
  latest.current = { heard, pause_ms };
  const look = useCallback(async () => {
    if (timer.current !== null) clearTimeout(timer.current);
    timer.current = null;
    const reply = await ask();
    if (!here.current) return;
    latest.current.heard(reply);
    const wait_ms = latest.current.pause_ms();
    if (timer.current !== null) clearTimeout(timer.current);
    if (wait_ms !== null && !document.hidden) timer.current = setTimeout(() => void look(), wait_ms);
  }, []);
  useEffect(() => {
    void look();
    const back = () => document.hidden || void look();
    document.addEventListener("visibilitychange", back);
    return () => {
      here.current = false;
      if (timer.current !== null) clearTimeout(timer.current);
      document.removeEventListener("visibilitychange", back);
    };
  }, []);
  return look;
}

export function useProgrammes() {
  const [programmes, set_programmes] = useState<Programme[] | null>(null);
  const [failure, set_failure] = useState<Failure | null>(null);
  const again = useAsked(() => client.checkin.programmes(), (reply) => {
    if (reply.ok) set_programmes(reply.value.programmes);
    set_failure(reply.ok ? null : reply.failure);
  }, () => programmes_every_ms);
  return { programmes, failure, again };
}

/** `wanted`: a check-in that was promised and has to come. */
export function useOwn(wanted: { programme: string; window: number } | null) {
  const [own, set_own] = useState<Checkin[] | null>(null);
  const [failure, set_failure] = useState<Failure | null>(null);
  const settling_ms = useRef(settling_ms_min);
  const open = useRef(false);
  const heard = (reply: Reply<{ checkins: Checkin[] }>) => {
    if (!reply.ok) {
      open.current = !expired(reply.failure);
      return set_failure(reply.failure);
    }
    set_failure(null);
    const { checkins } = reply.value;
    set_own(checkins);
    const has_come = wanted === null
      || checkins.some((one) => one.programme === wanted.programme && one.window === wanted.window);
    open.current = !has_come || checkins.some((one) => one.status === "pending");
  };
  const again = useAsked(() => client.checkin.own({ limit: own_count }), heard, () => {
    if (!open.current) return null;
    const wait_ms = settling_ms.current;
    settling_ms.current = Math.min(settling_ms.current * 1.5, settling_ms_max);
    return wait_ms;
  });
  useEffect(() => {
    if (wanted === null) return;
    settling_ms.current = settling_ms_min;
    void again();
  }, [wanted]);
  return { own, failure, again };
}
