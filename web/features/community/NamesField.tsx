// What something is called, in one language or several.
import { useRef } from "preact/hooks";
import { useTexts } from "../../lib/i18n";
import { language_store } from "../../lib/prefs";
import { useStore } from "../../lib/store";
import { Icon } from "../../ui/Icon";
import { name_count_max, type Name, type Wrong } from "./rules";

// Those that are offered; a name that is there in another one keeps it.
const offered = [
  "en", "ja", "zh-Hans", "zh-Hant", "ko", "es", "fr", "de", "it", "pt", "nl", "pl", "uk", "ru", "tr",
  "ar", "he", "hi", "th", "vi", "id",
];

/** The name that a form begins with, and the one that comes to others. */
export function new_name(names: readonly Name[], page_language: string): Name {
  const free = [page_language, ...offered].find((tag) => !names.some((one) => one.language === tag));
  return { language: free ?? page_language, text: "" };
}

interface Props {
  names: readonly Name[];
  wrong: Wrong;
  on_change: (names: Name[]) => void;
}

export function NamesField({ names, wrong, on_change }: Props) {
  const t = useTexts();
  const page_language = useStore(language_store);
  const words = new Intl.DisplayNames(page_language, { type: "language" });
  const place = useRef<HTMLFieldSetElement>(null);
  // After it has been drawn.
  const focus = (selector: string) => requestAnimationFrame(
    () => place.current?.querySelector<HTMLElement>(selector)?.focus());
  function change(at: number, part: Partial<Name>) {
    on_change(names.map((name, index) => (index === at ? { ...name, ...part } : name)));
  }
  return (
    <fieldset class="field" ref={place} aria-describedby="names-hint">
      <legend class="label">{t.forms.names}</legend>
      {names.map(({ language, text }, at) => {
        const word = words.of(language) ?? language;
        const bad = wrong[`name-${at}`];
        return (
          <div class="field" key={at}>
            <div class="name-row">
              <select
                class="input" aria-label={t.forms.language_of(at + 1)} value={language}
                onChange={(event) => change(at, { language: event.currentTarget.value })}
              >
                {[...new Set([language, ...offered])].map((tag) => (
                  <option key={tag} value={tag}>{words.of(tag) ?? tag}</option>
                ))}
              </select>
              <input
                id={`name-${at}`} class="input" dir="auto" lang={language} value={text} autocomplete="off"
                aria-label={t.forms.name_in(word)} aria-invalid={bad !== undefined}
                aria-describedby={bad === undefined ? undefined : `name-${at}-hint`}
                onInput={(event) => change(at, { text: event.currentTarget.value })}
              />
              {names.length > 1 && (
                <button
                  type="button" class="btn btn-icon" aria-label={t.forms.remove_name(word)}
                  title={t.forms.remove_name(word)}
                  onClick={() => {
                    on_change(names.filter((_, index) => index !== at));
                    focus(`#name-${Math.max(0, at - 1)}`);
                  }}
                >
                  <Icon name="close" />
                </button>
              )}
            </div>
            {bad !== undefined && (
              <p class="hint bad" id={`name-${at}-hint`}><Icon name="warn" />{bad}</p>
            )}
          </div>
        );
      })}
      <p class="hint" id="names-hint">{t.forms.names_hint}</p>
      {names.length < name_count_max && (
        <button
          type="button" class="btn add-name"
          onClick={() => {
            on_change([...names, new_name(names, page_language)]);
            focus(`#name-${names.length}`);
          }}
        >
          {t.forms.add_name}
        </button>
      )}
    </fieldset>
  );
}
