// A part of the app that comes when it is needed.
import type { ComponentType, VNode } from "preact";
import { useEffect, useState } from "preact/hooks";

const sheets = new Map<string, Promise<void>>();

/** The part, when the styles at `address` are there as well. */
export async function with_styles<T>(address: string, part: Promise<T>): Promise<T> {
  let sheet = sheets.get(address);
  if (sheet === undefined) {
    sheet = new Promise((done, fail) => {
      const link = document.createElement("link");
      link.rel = "stylesheet";
      link.href = address;
      link.onload = () => done();
      link.onerror = () => {
        link.remove();
        sheets.delete(address);
        fail(new Error(address));
      };
      document.head.append(link);
    });
    sheets.set(address, sheet);
  }
  const [loaded] = await Promise.all([part, sheet]);
  return loaded;
}

type Loaded<P> = { part: ComponentType<P> } | "loading" | "failed";

/**
 * A component whose code is fetched when it is first shown. `waiting` stands in its place meanwhile;
 * `failed` where the code did not come, such as from a server that has been renewed since.
 */
export function lazy<P extends object>(
  load: () => Promise<ComponentType<P>>, waiting: () => VNode | null, failed: (retry: () => void) => VNode,
): ComponentType<P> {
  let known: ComponentType<P> | null = null;
  return function Lazy(props: P) {
    const [loaded, set_loaded] = useState<Loaded<P>>(
      () => (known === null ? "loading" : { part: known }));
    useEffect(() => {
      if (loaded !== "loading") return;
      let here = true;
      load().then((part) => {
        known = part;
        if (here) set_loaded({ part });
      }, () => here && set_loaded("failed"));
      return () => void (here = false);
    }, [loaded]);
    if (loaded === "loading") return waiting();
    if (loaded === "failed") return failed(() => set_loaded("loading"));
    return <loaded.part {...props} />;
  };
}
