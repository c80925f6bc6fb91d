// Who uses this page. The cookie is not readable here, so a mark in the storage says whether it is
// worth asking; without it every visitor's first request would be a refused one.
import type { Failure, Me, Post } from "../../sdk/ts/src/index";
import { texts } from "../lib/i18n";
import { keep, kept } from "../lib/storage";
import { Store, useStore } from "../lib/store";
import { say } from "../ui/toast";
import { client } from "./client";

/** `late` says that the answer does not come: reading need not wait for it. */
export type Session =
  | { state: "unknown"; late: boolean } | { state: "anonymous" } | { state: "known"; me: Me };

const mark = "matsuri-signed-in";
export const session_store = new Store<Session>({ state: "unknown", late: false });

export function my_id(): string | null {
  const session = session_store.get();
  return session.state === "known" ? session.me.id : null;
}

/** Who reads; null where that is nobody, or not known yet. */
export function useMe(): Me | null {
  const session = useStore(session_store);
  return session.state === "known" ? session.me : null;
}

/** Whether somebody may look at players. The server decides; this only spares them the way. */
export const is_support = ({ role }: Me): boolean => role === "support" || role === "admin";

/** Events are the same for everybody, so that what is one's own has to be seen by the author. */
export function is_mine(post: Pick<Post, "mine" | "author">): boolean {
  return post.mine || post.author.id === my_id();
}

export function signed_in(me: Me): void {
  keep(mark, me.id);
  session_store.set({ state: "known", me });
}

export function signed_out(): void {
  keep(mark, null);
  session_store.set({ state: "anonymous" });
}

/** Looks after a failure that says the session is over. True where it did. */
export function expired(failure: Failure): boolean {
  if (failure.code !== "unauthenticated") return false;
  if (session_store.get().state === "known") say(texts().account.expired);
  signed_out();
  return true;
}

/** Where something failed that only a session allows: asks whether it still stands. */
export async function check_session(): Promise<void> {
  const reply = await client.accounts.me();
  if (!reply.ok) expired(reply.failure);
}

async function ask(): Promise<void> {
  if (kept(mark) === null) return session_store.set({ state: "anonymous" });
  const reply = await client.accounts.me();
  if (reply.ok) return signed_in(reply.value);
  if (reply.failure.code === "unauthenticated") return signed_out();
  // No answer says nothing about who this is: ask again, and let them read meanwhile.
  if (session_store.get().state === "unknown") session_store.set({ state: "unknown", late: true });
  setTimeout(() => void ask(), 3000);
}

export function start_session(): void {
  void ask();
  // Another tab logged in or out.
  window.addEventListener("storage", (event) => {
    if (event.key === mark && event.newValue !== my_id()) void ask();
  });
}
