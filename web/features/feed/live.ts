// What outlives the page's views: the timeline and the communities one has looked at, what is being
// sent, and what was refused. Going to a post and back neither loads nor loses anything.
//
// One feed at a time has a connection: the one that one looks at, or looked at last. It also brings
// what concerns oneself, on every page.
import type { Post } from "../../../sdk/ts/src/index";
import { client } from "../../app/client";
import { check_session, my_id, session_store } from "../../app/session";
import { online_store } from "../../lib/connection";
import { Store } from "../../lib/store";
import { desks, refused_store, sent, take_refusal } from "./desks";
import { sweep_drafts } from "./draft";
import { Feed, type Place } from "./feed";
import { drop_posts } from "./lists";

export const plaza_community = "1";
const hidden_pause_ms = 30_000;
const feeds_max = 4;

/** How many notifications one has not seen; null where nobody is signed in. */
export const unread_store = new Store<number | null>(null);

// The one looked at is last.
let feeds: Feed[] = [];
let reader: string | null = null;

function current(): Feed {
  return feeds.at(-1) as Feed;
}

/** The feed of a community, which is live from now on. */
export const watch = (community: string): Feed => watch_feed(community, { community });

/** What those say whom one follows, live from now on. For whoever is signed in. */
export const watch_timeline = (): Feed => watch_feed("timeline", { topic: "timeline" });

function watch_feed(name: string, place: Place): Feed {
  let feed = feeds.find((one) => one.name === name);
  if (feed !== undefined && feed === feeds.at(-1)) return feed;
  feeds.at(-1)?.pause();
  feed ??= new_feed(place);
  const other = feed;
  feeds = [...feeds.filter((one) => one !== other), other];
  if (feeds.length > feeds_max) feeds.shift()?.stop();
  if (reader !== null) feed.start();
  feed.resume();
  return feed;
}

/** The post, where a feed has it. */
export function known_post(id: string): Post | null {
  for (const feed of feeds) {
    const post = feed.state.get().posts.find((one) => one.id === id);
    if (post !== undefined) return post;
  }
  return null;
}

/** Takes an author's posts off the page, or lets them come again. */
export function hide_author(account: string, hide: boolean): void {
  for (const feed of feeds) feed.hide_author(account, hide);
  if (hide) drop_posts((post) => post.author.id === account);
}

function new_feed(place: Place): Feed {
  const feed = new Feed(client, place);
  feed.at_top = () => window.scrollY < 160;
  feed.on_post = (post) => sent.seen(post.id);
  feed.on_refused = take_refusal;
  feed.on_unread = (count) => unread_store.set(count);
  feed.on_resumed = read_unread;
  // Others read on without a session; a timeline is lost with it.
  if ("topic" in place) feed.on_lost = () => void check_session();
  return feed;
}

function read_unread(): void {
  const now = reader;
  if (now === null || now === "") return;
  void client.notices.list({ limit: 1 }).then((reply) => {
    if (reply.ok && now === reader) unread_store.set(reply.value.unread_count);
  });
}

// Starts with whoever reads, and again when that changes: blocks differ from person to person.
function read_as_session(): void {
  const session = session_store.get();
  if (session.state === "unknown" && !session.late) return;
  const now = my_id() ?? "";
  if (now === reader) return;
  const first = reader === null;
  reader = now;
  for (const feed of feeds.slice(0, -1)) feed.stop();
  feeds = feeds.slice(-1);
  // Nobody's timeline is nothing.
  if (now === "" && "topic" in current().place) {
    current().stop();
    feeds = [new_feed({ community: plaza_community })];
  }
  if (first) current().start();
  else current().restart();
  for (const { sender } of desks.values()) sender.stop();
  unread_store.set(null);
  if (now === "") return;
  sweep_drafts(Date.now());
  read_unread();
  void sent.ask(client).then((refused) => {
    if (refused.length > 0) refused_store.set([...refused_store.get(), ...refused]);
  });
}

// A page that nobody looks at gives its connection back, and resumes where it was.
function follow_visibility(): void {
  let timer: ReturnType<typeof setTimeout> | null = null;
  document.addEventListener("visibilitychange", () => {
    if (timer !== null) clearTimeout(timer);
    timer = null;
    if (document.hidden) timer = setTimeout(() => current().pause(), hidden_pause_ms);
    else current().resume();
  });
}

export function start_live(): void {
  watch(plaza_community);
  session_store.follow(read_as_session);
  read_as_session();
  online_store.follow(() => {
    if (!online_store.get()) return;
    current().resume();
    for (const { sender } of desks.values()) sender.try_now();
  });
  follow_visibility();
}
