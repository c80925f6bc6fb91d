// Settings: who one is, what others see, the look of the page, and who may act as oneself.
import { session_store } from "../../app/session";
import type { Theme } from "../../lib/chosen";
import { useTexts } from "../../lib/i18n";
import { language_store, set_language, set_theme, theme_store } from "../../lib/prefs";
import { useStore } from "../../lib/store";
import { NoticeSettingsForm } from "../notices/NoticeSettings";
import { HiddenPeople } from "./HiddenPeople";
import { Privacy } from "./Privacy";
import { Sessions } from "./Sessions";
import { Tokens } from "./Tokens";
import { You } from "./You";

export function SettingsPage() {
  const t = useTexts();
  const session = useStore(session_store);
  return (
    <main id="main" class="narrow stack settings">
      <h1 tabIndex={-1}>{t.settings.title}</h1>
      {session.state === "known" && (
        <>
          <You me={session.me} key={session.me.id} />
          <Privacy me={session.me} />
        </>
      )}
      <Look />
      {session.state === "known" && (
        <>
          <NoticeSettingsForm />
          <HiddenPeople which="mutes" />
          <HiddenPeople which="blocks" />
          <Sessions />
          <Tokens />
        </>
      )}
      {session.state === "anonymous" && (
        <section class="card stack">
          <p>{t.settings.anonymous}</p>
          <div class="row wrap">
            <a class="btn btn-main" href="/login">{t.nav.log_in}</a>
            <a class="btn" href="/signup">{t.nav.sign_up}</a>
          </div>
        </section>
      )}
    </main>
  );
}

function Look() {
  const t = useTexts();
  const theme = useStore(theme_store);
  const language = useStore(language_store);
  const themes: [Theme, string][] = [
    ["system", t.app.as_system], ["dark", t.app.night], ["light", t.app.morning],
  ];
  return (
    <section class="card" aria-labelledby="look">
      <h2 id="look" class="h-card">{t.settings.look}</h2>
      <div class="stack">
        <div>
          <span class="label" id="look-language">{t.app.language}</span>
          <div class="row wrap" role="group" aria-labelledby="look-language">
            {([["en", "English"], ["ja", "日本語"]] as const).map(([value, label]) => (
              <button
                key={value} type="button" class="chip" lang={value}
                aria-pressed={language === value} onClick={() => set_language(value)}
              >
                {label}
              </button>
            ))}
          </div>
        </div>
        <div>
          <span class="label" id="look-theme">{t.app.theme}</span>
          <div class="row wrap" role="group" aria-labelledby="look-theme">
            {themes.map(([value, label]) => (
              <button
                key={value} type="button" class="chip" aria-pressed={theme === value}
                onClick={() => set_theme(value)}
              >
                {label}
              </button>
            ))}
          </div>
        </div>
      </div>
    </section>
  );
}
