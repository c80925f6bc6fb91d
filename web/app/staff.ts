// What pages of staff have in common.
import { useEffect, useState } from "preact/hooks";
import type { Failure, Reply } from "../../sdk/ts/src/index";
import { expired } from "./session";

/** The look of these pages, as long as one is there: nobody forgets where they are. */
export function useStaffLook(): void {
  useEffect(() => {
    document.body.classList.add("staff");
    return () => document.body.classList.remove("staff");
  }, []);
}

/** The answer to what is asked for now, or nothing asked yet; what was there before stays until it comes. */
export function useReply<T>(load: (() => Promise<Reply<T>>) | null, of: readonly unknown[]) {
  const [value, set_value] = useState<T | null>(null);
  const [failure, set_failure] = useState<Failure | null>(null);
  const [tries, set_tries] = useState(0);
  useEffect(() => {
    if (load === null) return;
    let here = true;
    void load().then((reply) => {
      if (!here) return;
      if (reply.ok) set_value(reply.value);
      else expired(reply.failure);
      set_failure(reply.ok ? null : reply.failure);
    });
    return () => void (here = false);
  }, [...of, tries]);
  return { value, failure, again: () => set_tries((before) => before + 1) };
}
