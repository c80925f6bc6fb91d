// The plaza of this page: its feed, what is being sent, and what was refused. They outlive the
// page's views, so that going to a post and back neither loads nor loses anything.
import type { Refusal } from "../../../sdk/ts/src/index";
import { client } from "../../app/client";
import { my_id, session_store } from "../../app/session";
import { online_store } from "../../lib/connection";
import { texts } from "../../lib/i18n";
import { Store } from "../../lib/store";
import { say } from "../../ui/toast";
import { Feed } from "./feed";
import { Sender } from "./sending";
import { SentPosts, type RefusedPost } from "./sent";

export const plaza_community = "1";
const hidden_pause_ms = 30_000;

function tab_storage(): Storage | undefined {
  try {
    return sessionStorage;
  } catch {
    return undefined;
  }
}

const sent = new SentPosts(tab_storage());

export const feed = new Feed(client, plaza_community);
export const refused_store = new Store<RefusedPost[]>([]);
/** Counts the posts that went out, so that the composer empties itself. */
export const posted_store = new Store(0);

export const sender = new Sender(
  client,
  (post, letter) => {
    const refused = sent.add(post, letter.text);
    posted_store.set(posted_store.get() + 1);
    if (refused !== null) return show_refused(refused);
    feed.add_own(post);
    say(texts().composer.posted);
  },
  () => online_store.get(),
);

function show_refused(refused: RefusedPost): void {
  refused_store.set([...refused_store.get(), refused]);
}

function awaits_answer(): boolean {
  const { state } = sender.state.get();
  return state === "sending" || state === "waiting";
}

function take_refusal(refusal: Refusal): void {
  const refused = sent.refused(refusal);
  if (refused !== null) show_refused(refused);
  // The stream is another connection, and may be faster than the answer.
  else if (awaits_answer()) sent.hold(refusal);
  else show_refused({ ...refusal, text: "" });
}

export function dismiss_refused(refused: RefusedPost): void {
  refused_store.set(refused_store.get().filter((one) => one !== refused));
}

let reader: string | null = null;

// Starts with whoever reads, and again when that changes: blocks differ from person to person.
function read_as_session(): void {
  const session = session_store.get();
  if (session.state === "unknown" && !session.late) return;
  const now = my_id() ?? "";
  if (now === reader) return;
  const first = reader === null;
  reader = now;
  if (first) feed.start();
  else feed.restart();
  sender.stop();
  if (now === "") return;
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
    if (document.hidden) timer = setTimeout(() => feed.pause(), hidden_pause_ms);
    else feed.resume();
  });
}

export function start_plaza(): void {
  feed.at_top = () => window.scrollY < 160;
  feed.on_post = (post) => sent.seen(post.id);
  feed.on_refused = take_refusal;
  sender.state.follow(() => {
    if (awaits_answer()) return;
    // After the answer has claimed its own.
    queueMicrotask(() => sent.release().forEach(take_refusal));
  });
  session_store.follow(read_as_session);
  read_as_session();
  online_store.follow(() => {
    if (!online_store.get()) return;
    feed.resume();
    sender.try_now();
  });
  follow_visibility();
}
