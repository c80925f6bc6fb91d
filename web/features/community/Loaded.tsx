// What a form changes, once it is there.
import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { Failure, Reply } from "../../../sdk/ts/src/index";
import { Skeleton } from "../../ui/States";
import { NotShown } from "./NotShown";

interface Props<T> {
  load: () => Promise<Reply<T>>;
  children: (value: T) => ComponentChildren;
}

/** Mount it anew (`key`) where it is to load something else. */
export function Loaded<T>({ load, children }: Props<T>) {
  const [value, set_value] = useState<T | null>(null);
  const [failure, set_failure] = useState<Failure | null>(null);
  const [tries, set_tries] = useState(0);
  useEffect(() => {
    let here = true;
    void load().then((reply) => {
      if (!here) return;
      if (reply.ok) set_value(reply.value);
      set_failure(reply.ok ? null : reply.failure);
    });
    return () => void (here = false);
  }, [tries]);
  if (value !== null) return <>{children(value)}</>;
  if (failure === null) return <main id="main" class="narrow"><Skeleton count={1} /></main>;
  return <NotShown failure={failure} retry={() => set_tries(tries + 1)} />;
}
