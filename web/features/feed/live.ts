// What outlives the page's views: the plaza, the timeline and the communities one has looked at, what
// is being sent, and what was refused. Going to a post and back neither loads nor loses anything.
//
// One of them at a time has a connection: the one that is looked at, or was last. It also brings
// what concerns oneself, on every page.
import type { Post } from "../../../sdk/ts/src/index";
import { client } from "../../app/client";
import { route_store } from "../../app/router";
import { check_session, my_id, session_store } from "../../app/session";
import { online_store } from "../../lib/connection";
import { Store } from "../../lib/store";
import { Plaza } from "../plaza/plaza";
import { desks, refused_store, sent, take_refusal } from "./desks";
import { sweep_drafts } from "./draft";
import { Feed, type Place } from "./feed";
import { drop_posts } from "./lists";
import type { Source } from "./source";

const hidden_pause_ms = 30_000;
const sources_max = 4;

/** How many notifications one has not seen; null where nobody is signed in. */
export const unread_store = new Store<number | null>(null);

// The one looked at is last.
let sources: Source[] = [];
let reader: string | null = null;

function current(): Source {
  return sources.at(-1) as Source;
}

function watch<S extends Source>(name: string, make: () => S): S {
  const known = sources.find((one) => one.name === name) as S | undefined;
  if (known !== undefined && known === sources.at(-1)) return known;
  sources.at(-1)?.pause();
  const source = known ?? with_ears(make());
  sources = [...sources.filter((one) => one !== source), source];
  if (sources.length > sources_max) sources.shift()?.stop();
  if (reader !== null) source.start();
  source.resume();
  return source;
}

function watch_feed(name: string, place: Place): Feed {
  return watch(name, () => {
    const feed = new Feed(client, place);
    feed.at_top = () => window.scrollY < 160;
    return feed;
  });
}

/** The feed of a community, which is live from now on. */
export const watch_community = (id: string): Feed => watch_feed(id, { community: id });

/** What those say whom one follows, live from now on. For whoever is signed in. */
export function watch_timeline(): Feed {
  const feed = watch_feed("timeline", { topic: "timeline" });
  // Others read on without a session; a timeline is lost with it.
  feed.on_lost = () => void check_session();
  return feed;
}

/** The plaza, which is live from now on. */
export const watch_plaza = (): Plaza => watch("plaza", () => new Plaza(client));

/** The post, where something that is live shows it. */
export function known_post(id: string): Post | null {
  for (const source of sources) {
    const post = source.known(id);
    if (post !== null) return post;
  }
  return null;
}

/** Takes an author's posts off the page, or lets them come again. */
export function hide_author(account: string, hide: boolean): void {
  for (const source of sources) source.hide_author(account, hide);
  if (hide) drop_posts((post) => post.author.id === account);
}

function with_ears<S extends Source>(source: S): S {
  source.on_post = (post) => sent.seen(post.id);
  source.on_refused = take_refusal;
  source.on_unread = (count) => unread_store.set(count);
  source.on_resumed = read_unread;
  return source;
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
  for (const source of sources.slice(0, -1)) source.stop();
  sources = sources.slice(-1);
  // Nobody's timeline is nothing.
  if (now === "" && current().name === "timeline") {
    current().stop();
    sources = [];
    watch_plaza();
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
  const route = route_store.get();
  if (route.page === "community") watch_community(route.community);
  else watch_plaza();
  session_store.follow(read_as_session);
  read_as_session();
  online_store.follow(() => {
    if (!online_store.get()) return;
    current().resume();
    for (const { sender } of desks.values()) sender.try_now();
  });
  follow_visibility();
}
