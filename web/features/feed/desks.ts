// Where posts are written: a desk for each community and for the comments of each post. A desk goes
// on sending when its page is left, and gives back what was refused.
import type { PostContent, Refusal } from "../../../sdk/ts/src/index";
import { client } from "../../app/client";
import { go } from "../../app/router";
import { online_store } from "../../lib/connection";
import { texts } from "../../lib/i18n";
import { tab_storage } from "../../lib/storage";
import { Store } from "../../lib/store";
import { say } from "../../ui/toast";
import { posted_here } from "./lists";
import { Sender, type Letter } from "./sending";
import { SentPosts, type RefusedPost } from "./sent";

/** The community that is of no title, and always there. */
export const common_ground = "1";

export interface Desk {
  /** Names the desk's drafts: `c` and a community, or `p` and a post. */
  place: string;
  /** Where its letters go. */
  to: { community: string } | { parent: string };
  sender: Sender;
  /** Counts the posts that went out, so that the composer empties itself. */
  posted: Store<number>;
  /** Composers that are on the page. */
  open: number;
}

export const sent = new SentPosts(tab_storage());
export const refused_store = new Store<RefusedPost[]>([]);
export const desks = new Map<string, Desk>();

export function desk_of(to: Desk["to"]): Desk {
  const place = "parent" in to ? `p${to.parent}` : `c${to.community}`;
  const known = desks.get(place);
  if (known !== undefined) return known;
  const posted = new Store(0);
  const sender = new Sender(client, (post, letter) => {
    const refused = sent.add(post, place, content_of(letter));
    posted.set(posted.get() + 1);
    if (refused !== null) return show_refused(refused);
    posted_here(post);
    say(texts().composer.posted);
  }, () => online_store.get());
  const desk = { place, to, sender, posted, open: 0 };
  desks.set(place, desk);
  sender.state.follow(release_refusals);
  return desk;
}

function content_of({ community: _, parent: __, idempotency_key: ___, ...content }: Letter): PostContent {
  return content;
}

function page_of(place: string): string {
  if (place.startsWith("p")) return `/posts/${place.slice(1)}`;
  return `/communities/${place.slice(1) || common_ground}`;
}

function awaits_answer(): boolean {
  return [...desks.values()].some(({ sender }) => {
    const { state } = sender.state.get();
    return state === "sending" || state === "waiting";
  });
}

/** A refusal that the stream brought. */
export function take_refusal(refusal: Refusal): void {
  const refused = sent.refused(refusal);
  if (refused !== null) show_refused(refused);
  // The stream is another connection, and may be faster than the answer.
  else if (awaits_answer()) sent.hold(refusal);
  else show_refused({ place: "", content: {}, code: refusal.code, reason: refusal.reason });
}

// Refusals that no answer has claimed are of posts that were written elsewhere.
function release_refusals(): void {
  if (awaits_answer()) return;
  // After the answer has claimed its own.
  queueMicrotask(() => sent.release().forEach(take_refusal));
}

/** A refused post waits at its desk; who is elsewhere is told. */
export function show_refused(refused: RefusedPost): void {
  refused_store.set([...refused_store.get(), refused]);
  const t = texts();
  if (desks.get(refused.place)?.open) return;
  say(t.composer.refused, { label: t.composer.see, run: () => go(page_of(refused.place)) });
}

/** What is shown at a desk. Refusals of posts from elsewhere are shown wherever one is. */
export function refused_at(all: readonly RefusedPost[], place: string): RefusedPost[] {
  return all.filter((one) => one.place === place || one.place === "");
}

export function dismiss_refused(refused: RefusedPost): void {
  refused_store.set(refused_store.get().filter((one) => one !== refused));
}
