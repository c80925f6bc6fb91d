// The names of those whom entries name, asked for as they come.
import { useEffect, useRef, useState } from "preact/hooks";
import type { Author } from "../../../sdk/ts/src/index";
import { client } from "../../app/client";
import { others_in, type Entry } from "./entries";

const ask_count_max = 50;

/** Those that are known so far. Who blocks the reader, or is not there, stays a number. */
export function usePeople(entries: readonly Entry[], player: string): ReadonlyMap<string, Author> {
  const [people, set_people] = useState<ReadonlyMap<string, Author>>(new Map());
  const asked = useRef(new Set<string>());
  const unknown = [...new Set(entries.flatMap((entry) => others_in(entry, player)))]
    .filter((id) => !asked.current.has(id)).slice(0, ask_count_max);
  useEffect(() => {
    if (unknown.length === 0) return;
    for (const id of unknown) asked.current.add(id);
    void client.people.named(unknown).then((reply) => {
      if (!reply.ok) return;
      set_people((known) => new Map([...known, ...reply.value.people.map((one) => [one.id, one] as const)]));
    });
  }, [unknown.join(" ")]);
  return people;
}
