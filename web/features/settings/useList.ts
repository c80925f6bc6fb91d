// A list of the settings: read when the page opens, read again after each change.
import { useCallback, useEffect, useState } from "preact/hooks";
import type { Failure, Reply } from "../../../sdk/ts/src/index";
import { expired } from "../../app/session";

export interface List<T> {
  items: T[] | null;
  failure: Failure | null;
  read: () => void;
}

export function useList<T>(fetch_items: () => Promise<Reply<T[]>>): List<T> {
  const [items, set_items] = useState<T[] | null>(null);
  const [failure, set_failure] = useState<Failure | null>(null);
  const read = useCallback(() => {
    void fetch_items().then((reply) => {
      if (reply.ok) {
        set_items(reply.value);
        set_failure(null);
      } else if (!expired(reply.failure)) set_failure(reply.failure);
    });
  }, []);
  useEffect(read, []);
  return { items, failure, read };
}
