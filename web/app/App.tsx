// The page for the address.
import type { ComponentType } from "preact";
import { useEffect, useLayoutEffect } from "preact/hooks";
import { PlazaPage } from "../features/plaza/PlazaPage";
import { useTexts, type Texts } from "../lib/i18n";
import { useStore } from "../lib/store";
import { lazy, with_styles } from "../ui/Lazy";
import { Notice, Skeleton } from "../ui/States";
import { arrived, route_store, settle_scroll, type Route } from "./router";
import { Shell } from "./Shell";

function title_of(route: Route, t: Texts): string {
  switch (route.page) {
    case "plaza": return `${t.nav.plaza} · ${t.app.name}`;
    case "sign_up": return `${t.account.sign_up} · ${t.app.name}`;
    case "log_in": return `${t.account.log_in} · ${t.app.name}`;
    case "settings": return `${t.settings.title} · ${t.app.name}`;
    case "communities": case "community": case "title_form": case "community_form": return `${t.communities.title} · ${t.app.name}`;
    case "timeline": return `${t.timeline.title} · ${t.app.name}`;
    case "notifications": return `${t.notices.title} · ${t.app.name}`;
    case "person": return `@${route.handle} · ${t.app.name}`;
    case "post": return `${t.post.page} · ${t.app.name}`;
    case "points": return `${t.points.title} · ${t.app.name}`;
    case "play": return `${t.nav.play} · ${t.app.name}`;
    case "checkin": return `${t.checkin.title} · ${t.app.name}`;
    case "support": return `${t.nav.support} · ${t.app.name}`;
    case "analytics": return `${t.nav.analytics} · ${t.app.name}`;
    case "broadcast": return `${t.nav.broadcast} · ${t.app.name}`;
    case "not_found": return `${t.not_found.title} · ${t.app.name}`;
  }
}

// All but the plaza: their code comes with the first visit.
const later = <P extends object>(load: () => Promise<ComponentType<P>>) => lazy(
  load,
  () => <main id="main" class="narrow"><Skeleton count={3} /></main>,
  () => <PageMissing />);

const SettingsPage = later(
  () => import("../features/settings/SettingsPage").then((part) => part.SettingsPage));
const SignUpPage = later(() => import("./pages").then((part) => part.SignUpPage));
const LogInPage = later(() => import("./pages").then((part) => part.LogInPage));
const PostPage = later(() => import("./pages").then((part) => part.PostPage));
const CommunitiesPage = later(() => import("./pages").then((part) => part.CommunitiesPage));
const CommunityPage = later(() => import("./pages").then((part) => part.CommunityPage));
const TimelinePage = later(() => import("./pages").then((part) => part.TimelinePage));
const PersonPage = later(() => import("./pages").then((part) => part.PersonPage));
const NotificationsPage = later(() => import("./pages").then((part) => part.NotificationsPage));
const PointsPage = later(() => import("./pages").then((part) => part.PointsPage));

const PlayPage = later(() =>
  with_styles(play_css, import("./play").then((part) => part.PlayPage)));

const CheckinPage = later(() =>
  with_styles(checkin_css, import("./checkin").then((part) => part.CheckinPage)));

const SupportPage = later(() =>
  with_styles(support_css, import("./support").then((part) => part.SupportPage)));
const AnalyticsPage = later(() =>
  with_styles(studio_css, import("./studio").then((part) => part.AnalyticsPage)));
const BroadcastPage = later(() =>
  with_styles(studio_css, import("./studio").then((part) => part.BroadcastPage)));

const TitleForm = later(() => import("./forms").then((part) => part.TitleForm));
const NewCommunity = later(() => import("./forms").then((part) => part.NewCommunity));
const ChangeCommunity = later(() => import("./forms").then((part) => part.ChangeCommunity));

// The server may have been renewed since this page came, and then has other parts.
function PageMissing() {
  const t = useTexts();
  return (
    <main id="main" class="narrow">
      <Notice title={t.app.part_title} text={t.app.part} level={1} alert>
        <button type="button" class="btn btn-main" onClick={() => location.reload()}>
          {t.app.load_again}
        </button>
      </Notice>
    </main>
  );
}

function Page({ route }: { route: Route }) {
  switch (route.page) {
    case "plaza": return <PlazaPage />;
    case "sign_up": return <SignUpPage />;
    case "log_in": return <LogInPage />;
    case "settings": return <SettingsPage />;
    case "communities": return <CommunitiesPage />;
    case "community": return <CommunityPage id={route.community} sort={route.sort} key={route.community} />;
    case "title_form": return <TitleForm id={route.title} key={route.title} />;
    case "community_form": return "title" in route ? <NewCommunity title={route.title} key={route.title} />
      : <ChangeCommunity id={route.community} key={route.community} />;
    case "timeline": return <TimelinePage />;
    case "notifications": return <NotificationsPage />;
    case "person": return <PersonPage handle={route.handle} tab={route.tab} key={route.handle} />;
    case "post": return <PostPage id={route.post} key={route.post} />;
    case "points": return <PointsPage />;
    case "play": return <PlayPage />;
    case "checkin": return <CheckinPage />;
    case "support": return <SupportPage who={route.who} />;
    case "analytics": return <AnalyticsPage />;
    case "broadcast": return <BroadcastPage />;
    case "not_found": return <NotFoundPage />;
  }
}

function NotFoundPage() {
  const t = useTexts();
  return (
    <main id="main" class="narrow">
      <Notice title={t.not_found.title} text={t.not_found.body} level={1}>
        <a class="btn btn-main" href="/">{t.not_found.back}</a>
      </Notice>
    </main>
  );
}

// The focus follows to the heading of a new page, also where that comes late with the page's code or
// content; but not after somebody who has gone on by themselves. Returns what ends the wait.
function focus_heading(): (() => void) | undefined {
  const before = document.activeElement;
  const heading = () => document.querySelector<HTMLElement>("h1");
  const focus = () => heading()?.focus({ preventScroll: true });
  if (heading() !== null) return void focus();
  const observer = new MutationObserver(() => {
    if (heading() === null) return;
    observer.disconnect();
    if (document.activeElement === before) focus();
  });
  observer.observe(document.body, { childList: true, subtree: true });
  return () => observer.disconnect();
}

export function App() {
  const t = useTexts();
  const route = useStore(route_store);
  useLayoutEffect(() => settle_scroll(), [route]);
  // In the layout phase: a page that knows better, such as whose post it shows, comes after it.
  useLayoutEffect(() => void (document.title = title_of(route, t)), [route, t]);
  useEffect(() => (arrived === "followed" ? focus_heading() : undefined), [route]);
  return <Shell><Page route={route} /></Shell>;
}
