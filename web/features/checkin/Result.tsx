// What one has of a window: a lantern that lights, and what became of the points.
import { useEffect, useRef, useState } from "preact/hooks";
import type { Checkin, Programme } from "../../../sdk/ts/src/index";
import { client } from "../../app/client";
import { language_store } from "../../lib/prefs";
import { useStore } from "../../lib/store";
import { Lantern } from "../../ui/Lantern";
import type { Slot } from "./airing";
import { settled_said } from "./said";
import { useWords } from "./words";

interface Props {
  programme: Programme;
  slot: Slot;
  of: number;
  /** What it is worth; the ledger's word where that is there. */
  points: number;
  checkin: Checkin | null;
  /** It was done just now. */
  fresh: boolean;
  time_text: (ms: number) => string;
  /** When the next window opens, as people say it. */
  next: string | null;
}

/** What one has when the points are there. */
function useBalance(granted: boolean): number | null {
  const [balance, set_balance] = useState<number | null>(null);
  useEffect(() => {
    if (!granted) return;
    let here = true;
    void client.points.me().then((reply) => here && reply.ok && set_balance(reply.value.balance));
    return () => void (here = false);
  }, [granted]);
  return balance;
}

export function Result({ programme, slot, of, points, checkin, fresh, time_text, next }: Props) {
  const w = useWords();
  const number = new Intl.NumberFormat(useStore(language_store));
  const { status, reason } = checkin ?? { status: "pending" as const, reason: null };
  const balance = useBalance(status === "granted");
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    if (fresh) heading.current?.focus();
  }, []);
  const is_void = status === "void";
  return (
    <section class="card result" aria-labelledby="result">
      {!is_void && <div class="glow" aria-hidden="true" />}
      <div class={`lamp ${fresh ? "lights" : ""}`} aria-hidden="true"><Lantern lit={!is_void} /></div>
      <div>
        <h2 id="result" ref={heading} tabIndex={-1}>{is_void ? w.void_title : fresh ? w.done_title : w.had_title}</h2>
        <p class="quiet" dir="auto">{programme.title}</p>
        <p class="small faint">{time_text(slot.opens_ms)} · {w.which(slot.number, of)}</p>
      </div>
      {(status === "pending" || status === "granted") && (
        <p class="pts num"><span aria-hidden="true">+</span>{number.format(points)}<small>{w.points(points)}</small></p>
      )}
      <div class="small quiet">
        <p role="status" data-settled={status}>{settled_said({ status, reason }, w)}</p>
        {balance !== null && <p class="num">{w.balance(balance)}</p>}
        {!fresh && !is_void && <p>{w.had(time_text(slot.opens_ms))}{" "}{next !== null && w.closed_next(next)}</p>}
      </div>
      <div class="after">
        <a class="btn btn-main btn-lg btn-wide" href="/communities/1">{w.talk}</a>
        <a class="btn btn-bare" href="/points">{w.to_points}</a>
      </div>
    </section>
  );
}
