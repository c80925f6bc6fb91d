// Where one writes and draws. Both are kept on the device with every key and stroke, and sent until
// they are answered; whatever goes wrong is said here, and both stay.
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { Me, PostContent } from "../../../sdk/ts/src/index";
import { go, then_to } from "../../app/router";
import { signed_out } from "../../app/session";
import { useTexts, type Texts } from "../../lib/i18n";
import { language_store } from "../../lib/prefs";
import { useStore } from "../../lib/store";
import { post_text_left } from "../../lib/text";
import { Face } from "../../ui/Face";
import { Icon } from "../../ui/Icon";
import { lazy } from "../../ui/Lazy";
import { say } from "../../ui/toast";
import { load_drawing, save_drawing } from "../drawing/keeping";
import { are_strokes, drawing_of, no_drawing, strokes_of, type Drawing } from "../drawing/model";
import { composed, wrong_with, type Wrong } from "./composed";
import { desk_of, type Desk } from "./desks";
import { drawing_name, load_draft, no_draft, save_draft, with_key, type Draft } from "./draft";
import { Extras } from "./Extras";
import { RefusedPosts, SendingBanner } from "./SendingBanner";

const near_end = 40;

const DrawingEditor = lazy(
  () => import("./tools").then((part) => part.DrawingEditor),
  () => <div class="paper paper-waiting skel" />,
  (retry) => <EditorMissing retry={retry} />);

function EditorMissing({ retry }: { retry: () => void }) {
  const t = useTexts();
  return (
    <div class="banner warn" role="alert">
      <p class="grow">{t.drawing.not_loaded}</p>
      <button type="button" class="btn" onClick={retry}>{t.app.try_again}</button>
    </div>
  );
}

interface Props {
  me: Me;
  to: Desk["to"];
  /** What is asked of the writer. */
  label: string;
  form: string;
  /** Whether text, drawings or both may be posted here. */
  kinds?: readonly ("text" | "drawing")[];
  /** The tag of what has no other. */
  tag?: string;
}

// The draft of a desk: what is written, what is drawn, and whether the browser keeps it.
function useDraft(me: Me, desk: Desk) {
  const [draft, set_draft] = useState<Draft>(() => load_draft(me.id, desk.place, Date.now()));
  const [drawing, set_drawing] = useState<Drawing>(
    () => load_drawing(drawing_name(me.id, desk.place)));
  const [keeps, set_keeps] = useState(true);
  const [draws, set_draws] = useState(() => drawing !== no_drawing);

  function change(next: Draft, next_drawing = drawing) {
    set_draft(next);
    set_drawing(next_drawing);
    const drawn = next_drawing.done.length > 0;
    const kept = save_draft(me.id, desk.place, next, drawn, Date.now());
    // Only what changed: a drawing is large, and keys are quick.
    const kept_drawing = next_drawing === drawing
      || save_drawing(drawing_name(me.id, desk.place), next_drawing);
    set_keeps(kept && kept_drawing);
  }
  function empty() {
    change({ ...no_draft, feeling: draft.feeling }, no_drawing);
    set_draws(false);
  }
  /** Takes in what was refused, beside what has been written since. */
  function put_back(content: PostContent) {
    const old = content.text ?? "";
    const text = draft.text.trim() === "" ? old : old === "" ? draft.text : `${draft.text}\n${old}`;
    const strokes = content.drawing?.strokes;
    const takes = are_strokes(strokes) && strokes_of(drawing).length === 0;
    change({
      ...draft, text, tag: draft.tag === "" ? content.tag ?? "" : draft.tag,
      feeling: content.feeling ?? draft.feeling, spoiler: draft.spoiler || content.spoiler === true,
    }, takes ? drawing_of(strokes) : drawing);
    if (takes) set_draws(true);
  }
  return { draft, drawing, keeps, draws, set_draws, change, empty, put_back };
}

export function Composer({ me, to, label, form, kinds = ["text", "drawing"], tag = "" }: Props) {
  const t = useTexts();
  const desk = useMemo(() => desk_of(to), []);
  const { sender, place } = desk;
  const sending = useStore(sender.state);
  const posted = useStore(desk.posted);
  const { draft, drawing, keeps, draws, set_draws, change, empty, put_back } = useDraft(me, desk);
  const [wrong, set_wrong] = useState<Wrong | null>(null);
  // On phones the rest shows from the first touch on, and stays: what moves under a finger is missed.
  const [opened, set_opened] = useState(false);
  const area = useRef<HTMLTextAreaElement>(null);
  const posted_before = useRef(posted);
  const asked = useRef(false);

  useEffect(() => {
    ++desk.open;
    return () => void --desk.open;
  }, []);
  useEffect(() => {
    if (posted_before.current === posted) return;
    posted_before.current = posted;
    empty();
    area.current?.focus();
  }, [posted]);
  useEffect(() => grow(area.current), [draft.text]);
  useEffect(() => set_wrong(null), [draft, drawing]);
  useEffect(() => {
    if (sending.state !== "failed" || sending.failure.code !== "unauthenticated") return;
    signed_out();
    say(t.composer.logged_out, { label: t.nav.log_in, run: () => go(then_to("/login", location.pathname)) });
  }, [sending]);

  const writes = kinds.includes("text");
  const left = post_text_left(draft.text);
  const locked = sending.state === "sending" || sending.state === "waiting";
  const something = draft.text.trim() !== "" || strokes_of(drawing).length > 0;
  const ready = something && left >= 0 && !locked;

  function send() {
    if (locked) return;
    const why = wrong_with(draft, drawing);
    set_wrong(why === "empty" ? null : why);
    if (why !== null) return why === "blank" || why === "black" ? undefined : area.current?.focus();
    const tagged = draft.tag.trim() === "" ? { ...draft, tag } : draft;
    const content = composed(tagged, drawing, language_store.get());
    const keyed = with_key(draft, content);
    change(keyed);
    sender.send({ ...to, ...content, idempotency_key: keyed.key });
  }
  function key(event: KeyboardEvent) {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey) || event.isComposing) return;
    event.preventDefault();
    send();
  }
  function draw() {
    if (locked) return;
    asked.current = true;
    set_draws(true);
  }
  function remove_drawing() {
    if (locked) return;
    change(draft, no_drawing);
    set_draws(false);
    area.current?.focus();
  }
  return (
    <form
      class={`card composer ${something || draws || opened ? "open" : ""}`} aria-label={form} onKeyDown={key}
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      <RefusedPosts place={place} put_back={put_back} />
      <div class="row composer-row">
        <Face face={me.face} feeling={draft.feeling} />
        <div class="grow">
          <label class={writes ? "vh" : "label"} for="say">{label}</label>
          {writes && (
            <textarea
              id="say" class="input" dir="auto" rows={2} ref={area} value={draft.text} placeholder={label}
              readOnly={locked} aria-describedby="say-left say-kept" onFocus={() => set_opened(true)}
              onInput={(event) => change({ ...draft, text: event.currentTarget.value })}
            />
          )}
        </div>
      </div>
      {draws && (
        <DrawingEditor
          drawing={drawing} locked={locked} asked={asked.current}
          on_change={(next) => change(draft, next)}
          on_remove={remove_drawing}
        />
      )}
      {wrong !== null && (
        <div class="banner warn" role="alert"><Icon name="warn" /><p>{wrong_text(wrong, t)}</p></div>
      )}
      <SendingBanner sender={sender} sending={sending} />
      <div class="comp-foot comp-extras">
        <Extras
          id="say" me={me} value={draft} locked={locked} tag={tag}
          on_change={(extras) => change({ ...draft, ...extras })}
        />
      </div>
      <div class="comp-foot">
        {!draws && kinds.includes("drawing") && (
          <button type="button" class="btn" aria-disabled={locked} onClick={draw}>
            <Icon name="brush" />{t.drawing.draw}
          </button>
        )}
        <span class="hint" id="say-kept">
          {!keeps ? t.composer.not_kept : something ? t.composer.kept : ""}
        </span>
        <span class="vh" role="status">{said_of(left, t)}</span>
        <div class="send">
          {writes && <span class={`hint num left ${left < 0 ? "bad" : left <= near_end ? "near" : ""}`}>
            <span aria-hidden="true">{left}</span>
            <span class="vh" id="say-left">
              {left < 0 ? t.composer.over(-left) : t.composer.left(left)}
            </span>
          </span>}
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

function wrong_text(wrong: Wrong, t: Texts): string {
  switch (wrong) {
    case "blank": return t.drawing.blank;
    case "black": return t.drawing.black;
    case "tag": return t.composer.tag_bad;
    default: return t.composer.too_long;
  }
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
