// A value that components follow. One small class instead of a state library.
import { useEffect, useLayoutEffect, useState } from "preact/hooks";

export class Store<T> {
  private readonly followers = new Set<() => void>();

  constructor(private value: T) {}

  get(): T {
    return this.value;
  }

  set(value: T): void {
    if (Object.is(value, this.value)) return;
    this.value = value;
    for (const follower of [...this.followers]) follower();
  }

  /** Calls back after each change; returns what ends it. */
  follow(follower: () => void): () => void {
    this.followers.add(follower);
    return () => this.followers.delete(follower);
  }
}

/** The store's value, drawn again when it changes. */
export function useStore<T>(store: Store<T>): T {
  const [, draw] = useState(0);
  const drawn = store.get();
  useLayoutEffect(() => {
    const end = store.follow(() => draw((n) => n + 1));
    // It may have changed between the drawing and here.
    if (!Object.is(drawn, store.get())) draw((n) => n + 1);
    return () => void end();
  }, [store]);
  return drawn;
}

/** Whether a media query holds, drawn again when that changes. */
export function useMedia(text: string): boolean {
  const [holds, set_holds] = useState(() => matchMedia(text).matches);
  useEffect(() => {
    const query = matchMedia(text);
    const change = () => set_holds(query.matches);
    query.addEventListener("change", change);
    return () => query.removeEventListener("change", change);
  }, [text]);
  return holds;
}
