// What is around every page: the bar at the top, the foot, and on phones the tabs at the bottom.
import type { ComponentChildren } from "preact";
import { unread_store } from "../features/feed/live";
import { useTexts } from "../lib/i18n";
import { language_store, set_language, set_theme, theme_store } from "../lib/prefs";
import { useMedia, useStore } from "../lib/store";
import { Icon, type IconName } from "../ui/Icon";
import { ToastPlace } from "../ui/toast";
import { route_store, type Route } from "./router";
import { is_support, session_store, useMe } from "./session";

interface Place {
  href: string;
  label: string;
  icon: IconName;
  pages: Route["page"][];
  /** What waits there. */
  unread?: number;
  /** Not on phones, where the bar has room for five. */
  wide?: boolean;
}

function usePlaces(): Place[] {
  const t = useTexts();
  const session = useStore(session_store);
  const unread = useStore(unread_store) ?? 0;
  const places: Place[] = [
    { href: "/", label: t.nav.plaza, icon: "plaza", pages: ["plaza"] },
    {
      href: "/communities", label: t.nav.communities, icon: "people",
      pages: ["communities", "community", "title_form", "community_form"],
    },
  ];
  if (session.state === "known") {
    places.push(
      { href: "/timeline", label: t.nav.timeline, icon: "check", pages: ["timeline"] },
      { href: "/notifications", label: t.nav.notices, icon: "bell", pages: ["notifications"], unread },
      { href: `/people/${session.me.handle}`, label: t.nav.you, icon: "user", pages: ["person"] },
    );
  }
  if (session.state === "anonymous") {
    places.push(
      { href: "/login", label: t.nav.log_in, icon: "enter", pages: ["log_in"] },
      { href: "/signup", label: t.nav.sign_up, icon: "user", pages: ["sign_up"] },
    );
  }
  if (session.state === "known" && is_support(session.me)) {
    places.push({ href: "/support", label: t.nav.support, icon: "eye", pages: ["support"], wide: true });
    places.push({
      href: "/studio/broadcast", label: t.nav.broadcast, icon: "clock", pages: ["broadcast"], wide: true,
    });
    places.push({
      href: "/studio/analytics", label: t.nav.analytics, icon: "chart", pages: ["analytics"], wide: true,
    });
  }
  places.push({
    href: "/settings", label: t.nav.settings, icon: "gear", pages: ["settings"],
    wide: session.state === "known",
  });
  return places;
}

function is_current(place: Place, route: Route): boolean {
  if (!place.pages.includes(route.page)) return false;
  return route.page !== "person" || place.href === `/people/${route.handle}`;
}

function Unread({ count }: { count: number | undefined }) {
  const t = useTexts();
  if (count === undefined || count === 0) return null;
  return (
    <>
      <span class="badge lit num" aria-hidden="true">{count > 99 ? "99+" : count}</span>
      <span class="vh">{t.nav.unread(count)}</span>
    </>
  );
}

// The pressed side is what is seen, also where the device decides.
function useShownTheme(): "dark" | "light" {
  const theme = useStore(theme_store);
  const light = useMedia("(prefers-color-scheme: light)");
  if (theme !== "system") return theme;
  return light ? "light" : "dark";
}

function Tools() {
  const t = useTexts();
  const language = useStore(language_store);
  const theme = useShownTheme();
  return (
    <div class="tools">
      <div class="seg" role="group" aria-label={t.app.language}>
        <button
          type="button" lang="en" aria-label="English" aria-pressed={language === "en"}
          onClick={() => set_language("en")}
        >
          En
        </button>
        <button
          type="button" lang="ja" aria-label="日本語" aria-pressed={language === "ja"}
          onClick={() => set_language("ja")}
        >
          日
        </button>
      </div>
      <div class="seg" role="group" aria-label={t.app.theme}>
        <button
          type="button" aria-label={t.app.night} aria-pressed={theme === "dark"}
          onClick={() => set_theme("dark")}
        >
          <Icon name="moon" />
        </button>
        <button
          type="button" aria-label={t.app.morning} aria-pressed={theme === "light"}
          onClick={() => set_theme("light")}
        >
          <Icon name="sun" />
        </button>
      </div>
    </div>
  );
}

export function Shell({ children }: { children: ComponentChildren }) {
  const t = useTexts();
  const route = useStore(route_store);
  const places = usePlaces();
  const me = useMe();
  const staff = me !== null && is_support(me);
  const current = (place: Place) => (is_current(place, route) ? "page" : undefined);
  return (
    <>
      <a class="skip" href="#main">{t.app.skip}</a>
      <header class="top">
        <div class="top-in">
          <a class="brand" href="/" aria-label={t.app.to_plaza}>
            <svg viewBox="0 0 26 34" aria-hidden="true">
              <path d="M13 0v4M9 30h8M13 30v4" stroke="currentColor" stroke-width="1.6" />
              <path
                d="M8 5h10c5 4 7 7 7 12s-2 8-7 12H8c-5-4-7-7-7-12S3 9 8 5Z" fill="var(--lantern)"
              />
              <path
                d="M3 11q10 3 20 0M1 17q12 3 24 0M3 23q10 3 20 0" fill="none" stroke="#7a2f0c"
                stroke-opacity=".5"
              />
            </svg>
            <span lang="en">Matsuri</span>
            <span class="kanji" lang="ja" aria-hidden="true">祭り</span>
          </a>
          <nav class="nav" aria-label={t.app.main_nav}>
            {places.map((place) => (
              <a key={place.href} href={place.href} aria-current={current(place)}>
                {place.label}
                <Unread count={place.unread} />
              </a>
            ))}
          </nav>
          <Tools />
        </div>
      </header>
      {children}
      <footer class="foot">
        <p>{t.app.footer}</p>
        <ul>
          {staff && <li><a href="/support">{t.nav.support}</a></li>}
          <li><a href="/settings">{t.nav.settings}</a></li>
          {staff && <li><a href="/studio/broadcast">{t.nav.broadcast}</a></li>}
          {staff && <li><a href="/studio/analytics">{t.nav.analytics}</a></li>}
          <li><a href="/docs">{t.app.api}</a></li>
        </ul>
      </footer>
      <nav class="tabbar" aria-label={t.app.main_nav}>
        {places.filter((place) => place.wide !== true).map((place) => (
          <a key={place.href} href={place.href} aria-current={current(place)}>
            <Icon name={place.icon} />
            {place.label}
            <Unread count={place.unread} />
          </a>
        ))}
      </nav>
      <ToastPlace />
    </>
  );
}
