// The page for the address.
import { useEffect, useLayoutEffect } from "preact/hooks";
import { LogInPage } from "../features/account/LogInPage";
import { SignUpPage } from "../features/account/SignUpPage";
import { FeedPage } from "../features/feed/FeedPage";
import { PostPage } from "../features/feed/PostPage";
import { SettingsPage } from "../features/settings/SettingsPage";
import { useTexts, type Texts } from "../lib/i18n";
import { useStore } from "../lib/store";
import { Notice } from "../ui/States";
import { arrived, route_store, settle_scroll, type Route } from "./router";
import { Shell } from "./Shell";

function title_of(route: Route, t: Texts): string {
  switch (route.page) {
    case "plaza": return `${t.feed.title} · ${t.app.name}`;
    case "sign_up": return `${t.account.sign_up} · ${t.app.name}`;
    case "log_in": return `${t.account.log_in} · ${t.app.name}`;
    case "settings": return `${t.settings.title} · ${t.app.name}`;
    case "post": return `${t.post.page} · ${t.app.name}`;
    case "not_found": return `${t.not_found.title} · ${t.app.name}`;
  }
}

function Page({ route }: { route: Route }) {
  switch (route.page) {
    case "plaza": return <FeedPage />;
    case "sign_up": return <SignUpPage />;
    case "log_in": return <LogInPage />;
    case "settings": return <SettingsPage />;
    case "post": return <PostPage id={route.post} key={route.post} />;
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

export function App() {
  const t = useTexts();
  const route = useStore(route_store);
  useLayoutEffect(() => settle_scroll(), [route]);
  // In the layout phase: a page that knows better, such as whose post it shows, comes after it.
  useLayoutEffect(() => void (document.title = title_of(route, t)), [route, t]);
  useEffect(() => {
    if (arrived === "followed") {
      document.querySelector<HTMLElement>("h1")?.focus({ preventScroll: true });
    }
  }, [route]);
  return <Shell><Page route={route} /></Shell>;
}
