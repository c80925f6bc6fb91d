// The lists of posts that are on the page. What happens to a post happens in all of them, whoever
// shows it: an edit, a count, an empathy, the blocking of its author.
import type { Post, Refusal } from "../../../sdk/ts/src/index";

/** The post as it is now, or null where it goes away. The same object where nothing changed. */
export type Change = (post: Post) => Post | null;

const lists = new Set<(change: Change) => void>();

/** Tells a list of every change; returns what ends it. */
export function follow_changes(list: (change: Change) => void): () => void {
  lists.add(list);
  return () => void lists.delete(list);
}

export function change_posts(change: Change): void {
  for (const list of [...lists]) list(change);
}

export function change_post(id: string, change: (post: Post) => Partial<Post>): void {
  change_posts((post) => (post.id === id ? { ...post, ...change(post) } : post));
}

export function drop_posts(which: (post: Post) => boolean): void {
  change_posts((post) => (which(post) ? null : post));
}

/** The list after the change; the same list where nothing in it changed. */
export function changed(posts: readonly Post[], change: Change): Post[] {
  let same = true;
  const after: Post[] = [];
  for (const post of posts) {
    const now = change(post);
    if (now !== post) same = false;
    if (now !== null) after.push(now);
  }
  return same ? (posts as Post[]) : after;
}

/**
 * The post as an event tells of it. Events are the same for everybody, so what is one's own in it,
 * such as one's empathy, is not theirs to say; and counts have events of their own.
 */
export function told(known: Post, event: Post): Post {
  const { empathized, mine, empathy_count, comment_count } = known;
  return { ...event, empathized, mine, empathy_count, comment_count };
}

type Listener = (post: Post) => unknown;
const comment_listeners = new Set<Listener>();
const own_listeners = new Set<Listener>();

function follow_with(listeners: Set<Listener>, listener: Listener): () => void {
  listeners.add(listener);
  return () => void listeners.delete(listener);
}

/** Tells of every new comment that the stream or one's own hand brings. */
export const follow_comments = (listener: Listener) => follow_with(comment_listeners, listener);

/** Tells of every post that one's own hand brings. */
export const follow_own = (listener: Listener) => follow_with(own_listeners, listener);

export function comment_came(comment: Post): void {
  for (const listener of [...comment_listeners]) listener(comment);
}

/** One's own post or comment, as the server answered it. The stream brings it again. */
export function posted_here(post: Post): void {
  if (post.parent != null) return comment_came(post);
  for (const listener of [...own_listeners]) listener(post);
}

// Commands other than posts that were accepted and may still be refused, with the way back.
const awaited = new Map<string, (refusal: Refusal) => void>();
const awaited_max = 100;

export function await_refusal(position: string | undefined, undo: (refusal: Refusal) => void): void {
  if (position === undefined) return;
  awaited.set(position, undo);
  const oldest = awaited.keys().next().value;
  if (awaited.size > awaited_max && oldest !== undefined) awaited.delete(oldest);
}

/** True where the refusal was of such a command, which is taken back now. */
export function take_back_refused(refusal: Refusal): boolean {
  const undo = awaited.get(refusal.position);
  awaited.delete(refusal.position);
  undo?.(refusal);
  return undo !== undefined;
}
