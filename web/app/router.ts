// Addresses and pages. Links are plain links; the ones that lead to a page of the app are followed
// without loading again.
import type { Sort } from "../../sdk/ts/src/index";
import { Store } from "../lib/store";

export const profile_tabs = ["posts", "drawings", "empathies", "followers", "following"] as const;
export type ProfileTab = (typeof profile_tabs)[number];

export type Route =
  | { page: PlainPage | "not_found" }
  | { page: "support"; who: string }
  | { page: "post"; post: string }
  | { page: "community"; community: string; sort: Sort }
  | { page: "title_form"; title?: string }
  | { page: "community_form"; title: string }
  | { page: "community_form"; community: string }
  | { page: "person"; handle: string; tab: ProfileTab };

const plain_pages = {
  "/": "plaza", "/signup": "sign_up", "/login": "log_in", "/settings": "settings",
  "/communities": "communities", "/play": "play", "/timeline": "timeline", "/notifications": "notifications",
  "/points": "points", "/checkin": "checkin", "/studio/analytics": "analytics",
  "/studio/broadcast": "broadcast",
} as const;
type PlainPage = (typeof plain_pages)[keyof typeof plain_pages];

export function route_of(address: string): Route {
  const [path = "", search] = address.split("?", 2);
  const plain = (plain_pages as Partial<Record<string, PlainPage>>)[path];
  if (plain !== undefined) return { page: plain };
  if (path === "/support") return { page: "support", who: new URLSearchParams(search).get("who") ?? "" };
  const post = /^\/posts\/([1-9][0-9]{0,18})$/.exec(path)?.[1];
  if (post !== undefined) return { page: "post", post };
  const [, community, sort] = /^\/communities\/([1-9][0-9]{0,18})(?:\/(hot|popular))?$/.exec(path) ?? [];
  if (community !== undefined) return { page: "community", community, sort: (sort ?? "new") as Sort };
  if (path === "/titles/new") return { page: "title_form" };
  const [, title, form] =
    /^\/titles\/([1-9][0-9]{0,18})\/(edit|communities\/new)$/.exec(path) ?? [];
  if (title !== undefined) {
    return form === "edit" ? { page: "title_form", title } : { page: "community_form", title };
  }
  const edited = /^\/communities\/([1-9][0-9]{0,18})\/edit$/.exec(path)?.[1];
  if (edited !== undefined) return { page: "community_form", community: edited };
  const [, handle, tab] =
    /^\/people\/([a-z][a-z0-9_]{2,19})(?:\/(drawings|empathies|followers|following))?$/.exec(path) ?? [];
  if (handle !== undefined) return { page: "person", handle, tab: (tab ?? "posts") as ProfileTab };
  return { page: "not_found" };
}

/** The address where one logs in or signs up, and then goes on to a page. */
export const then_to = (page: "/login" | "/signup", path: string): string =>
  `${page}?to=${encodeURIComponent(path)}`;

/** Where whoever has logged in goes on to. */
export function wanted_page(search = location.search): string {
  const to = new URLSearchParams(search).get("to") ?? "/";
  return route_of(to).page === "not_found" ? "/" : to;
}

export const route_store = new Store<Route>({ page: "plaza" });

// Where each entry of the history was scrolled to; the browser cannot know when we have drawn.
const scrolls = new Map<number, number>();
let entry = 0;

/**
 * How the page that is shown was come to. Only a new page moves the focus to its heading; one that
 * was turned, such as to another of its tabs, stays where it is.
 */
export let arrived: "loaded" | "followed" | "turned" | "back" = "loaded";

/** Whether two addresses show the same thing from two sides. */
export function same_place(a: Route, b: Route): boolean {
  if (a.page === "community" && b.page === "community") return a.community === b.community;
  return a.page === "person" && b.page === "person" && a.handle === b.handle;
}

export function go(path: string): void {
  scrolls.set(entry, window.scrollY);
  entry = Date.now();
  history.pushState({ entry }, "", path);
  const route = route_of(location.pathname + location.search);
  arrived = same_place(route_store.get(), route) ? "turned" : "followed";
  route_store.set(route);
}

/** Call after a new page has been drawn. */
export function settle_scroll(): void {
  if (arrived === "followed") window.scrollTo(0, 0);
  if (arrived === "back") window.scrollTo(0, scrolls.get(entry) ?? 0);
}

function follow(event: MouseEvent): void {
  if (event.defaultPrevented || event.button !== 0) return;
  if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  const link = (event.target as Element).closest?.("a");
  if (!link || link.origin !== location.origin || link.target !== "" || link.hash !== "") return;
  if (route_of(link.pathname).page === "not_found") return; // Such as /docs: the server's.
  event.preventDefault();
  const address = link.pathname + link.search;
  if (address !== location.pathname + location.search) go(address);
  else window.scrollTo(0, 0);
}

export function start_router(): void {
  history.scrollRestoration = "manual";
  history.replaceState({ entry }, "");
  route_store.set(route_of(location.pathname + location.search));
  document.addEventListener("click", follow);
  window.addEventListener("popstate", (event) => {
    // A place in this page, such as where the skip link leads: the browser goes there itself.
    if (event.state === null) return history.replaceState({ entry }, "");
    scrolls.set(entry, window.scrollY);
    entry = (event.state as { entry: number }).entry;
    arrived = "back";
    route_store.set(route_of(location.pathname + location.search));
  });
}
