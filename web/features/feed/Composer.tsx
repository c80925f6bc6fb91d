// Where one writes. The text is kept on the device with every key stroke, and sent until it is
// answered; whatever goes wrong is said here, and the text stays.
import { useEffect, useRef, useState } from "preact/hooks";
import type { Me } from "../../../sdk/ts/src/index";
import { go } from "../../app/router";
import { signed_out } from "../../app/session";
import { online_store } from "../../lib/connection";
import { failure_text } from "../../lib/failure";
import { useTexts, type Texts } from "../../lib/i18n";
import { language_store } from "../../lib/prefs";
import { useStore } from "../../lib/store";
import { clean_post_text, language_of, post_text_left } from "../../lib/text";
import { Face } from "../../ui/Face";
import { Icon } from "../../ui/Icon";
import { say } from "../../ui/toast";
import { load_draft, save_draft, with_key, type Draft } from "./draft";
import { dismiss_refused, plaza_community, posted_store, refused_store, sender } from "./plaza";
import type { Sending } from "./sending";
import type { RefusedPost } from "./sent";

const near_end = 40;

export function Composer({ me }: { me: Me }) {
  const t = useTexts();
  const sending = useStore(sender.state);
  const posted = useStore(posted_store);
  const [draft, set_draft] = useState<Draft>(() => load_draft(me.id, Date.now()));
  const [keeps, set_keeps] = useState(true);
  const area = useRef<HTMLTextAreaElement>(null);
  const posted_before = useRef(posted);

  function change(next: Draft) {
    set_draft(next);
    set_keeps(save_draft(me.id, next, Date.now()));
  }
  useEffect(() => {
    if (posted_before.current === posted) return;
    posted_before.current = posted;
    change({ text: "", key_text: "", key: "" });
    area.current?.focus();
  }, [posted]);
  useEffect(() => grow(area.current), [draft.text]);
  useEffect(() => {
    if (sending.state !== "failed" || sending.failure.code !== "unauthenticated") return;
    signed_out();
    say(t.composer.logged_out, { label: t.nav.log_in, run: () => go("/login") });
  }, [sending]);

  const left = post_text_left(draft.text);
  const text = clean_post_text(draft.text);
  const locked = sending.state === "sending" || sending.state === "waiting";
  const ready = text !== "" && left >= 0 && !locked;

  function send() {
    if (locked) return;
    if (!ready) return area.current?.focus();
    const keyed = with_key(draft, text);
    change(keyed);
    const language = language_of(text, language_store.get());
    sender.send({
      community: plaza_community, text, idempotency_key: keyed.key,
      ...(language === undefined ? {} : { language }),
    });
  }
  function key(event: KeyboardEvent) {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey) || event.isComposing) return;
    event.preventDefault();
    send();
  }

  return (
    <form
      class="card composer" aria-label={t.composer.form}
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      <RefusedPosts put_back={(old) => change({ ...draft, text: join(draft.text, old) })} />
      <div class="row composer-row">
        <Face account={me.id} />
        <div class="grow">
          <label class="vh" for="say">{t.composer.label}</label>
          <textarea
            id="say" class="input" dir="auto" rows={2} ref={area} value={draft.text}
            placeholder={t.composer.label} readOnly={locked} aria-describedby="say-left say-kept"
            onInput={(event) => change({ ...draft, text: event.currentTarget.value })}
            onKeyDown={key}
          />
        </div>
      </div>
      <SendingBanner sending={sending} t={t} />
      <div class="comp-foot">
        <span class="hint" id="say-kept">
          {!keeps ? t.composer.not_kept : draft.text !== "" ? t.composer.kept : ""}
        </span>
        <span class="vh" role="status">{said_of(left, t)}</span>
        <div class="send">
          <span class={`hint num left ${left < 0 ? "bad" : left <= near_end ? "near" : ""}`}>
            <span aria-hidden="true">{left}</span>
            <span class="vh" id="say-left">
              {left < 0 ? t.composer.over(-left) : t.composer.left(left)}
            </span>
          </span>
          <button
            type="submit" class="btn btn-main" aria-disabled={!ready && !locked}
            aria-busy={sending.state === "sending"}
          >
            {sending.state === "sending" ? t.composer.sending : t.composer.send}
          </button>
        </div>
      </div>
    </form>
  );
}

// Whoever listens hears of the limit twice, not with every letter.
function said_of(left: number, t: Texts): string {
  if (left > near_end) return "";
  return left >= 0 ? t.composer.near_end(near_end) : t.composer.too_long;
}

// The area is as high as its text; the style sheet bounds it.
function grow(area: HTMLTextAreaElement | null): void {
  if (area === null) return;
  area.style.height = "auto";
  area.style.height = `${area.scrollHeight + 2}px`;
}

function join(text: string, old: string): string {
  return text.trim() === "" ? old : `${text}\n${old}`;
}

function RefusedPosts({ put_back }: { put_back: (text: string) => void }) {
  const t = useTexts();
  const all = useStore(refused_store);
  return (
    <>
      {all.map((refused, index) => (
        <div class="banner bad refused" role="alert" key={index}>
          <Icon name="warn" />
          <div class="grow">
            <p><b>{t.composer.refused}</b><br />{refused_text(refused, t)}</p>
            {refused.text !== "" && (
              <>
                <p class="xs">{t.composer.refused_text}</p>
                <blockquote class="washi" dir="auto">{refused.text}</blockquote>
              </>
            )}
            <div class="row wrap">
              {refused.text !== "" && (
                <button
                  type="button" class="btn"
                  onClick={() => {
                    put_back(refused.text);
                    dismiss_refused(refused);
                  }}
                >
                  {t.composer.put_back}
                </button>
              )}
              <button type="button" class="btn btn-bare" onClick={() => dismiss_refused(refused)}>
                {t.composer.dismiss}
              </button>
            </div>
          </div>
        </div>
      ))}
    </>
  );
}

function refused_text(refused: RefusedPost, t: Texts): string {
  return refused.code === "conflict" ? t.composer.duplicate : refused.reason;
}

function failed_text(sending: Sending & { state: "failed" }, t: Texts): string {
  if (sending.failure.code === "conflict") return t.composer.duplicate;
  return failure_text(sending.failure, t);
}

function SendingBanner({ sending, t }: { sending: Sending; t: Texts }) {
  const online = useStore(online_store);
  if (sending.state === "failed") {
    return (
      <div class="banner warn" role="alert">
        <Icon name="warn" />
        <p>{failed_text(sending, t)}</p>
      </div>
    );
  }
  if (sending.state !== "waiting") return null;
  const { code } = sending.failure;
  const what = code === "exhausted" ? t.composer.exhausted
    : code === "unreachable" ? t.composer.unreachable : t.composer.busy;
  return (
    <div class="banner warn" role="status">
      <Icon name="clock" />
      <div class="grow">
        <p>
          {what}{" "}
          {sending.retry_at_ms === null ? t.composer.again_online
            : <Countdown until_ms={sending.retry_at_ms} t={t} />}
        </p>
        <div class="row wrap">
          {online && (
            <button type="button" class="btn" onClick={() => sender.try_now()}>
              {t.composer.try_now}
            </button>
          )}
          <button type="button" class="btn" onClick={() => sender.stop()}>
            {t.composer.edit}
          </button>
        </div>
      </div>
    </div>
  );
}

// Seconds run for those who look; those who listen hear the sentence once.
function Countdown({ until_ms, t }: { until_ms: number; t: Texts }) {
  const [now, set_now] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => set_now(Date.now()), 500);
    return () => clearInterval(timer);
  }, [until_ms]);
  return <span aria-live="off">{t.composer.again_in(Math.max(1, Math.ceil((until_ms - now) / 1000)))}</span>;
}
