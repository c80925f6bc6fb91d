// How the sending of a post goes, and what came back.
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import type { PostContent } from "../../../sdk/ts/src/index";
import { online_store } from "../../lib/connection";
import { failure_text } from "../../lib/failure";
import { useTexts, type Texts } from "../../lib/i18n";
import { useStore } from "../../lib/store";
import { Icon } from "../../ui/Icon";
import { are_strokes, type Stroke } from "../drawing/model";
import { fit, paint } from "../drawing/paint";
import { dismiss_refused, refused_at, refused_store } from "./desks";
import type { Sender, Sending } from "./sending";
import type { RefusedPost } from "./sent";

interface RefusedProps {
  place: string;
  put_back: (content: PostContent) => void;
}

export function RefusedPosts({ place, put_back }: RefusedProps) {
  const all = refused_at(useStore(refused_store), place);
  return (
    <>{all.map((refused, index) => <Refused key={index} refused={refused} put_back={put_back} />)}</>
  );
}

function Refused({ refused, put_back }: {
  refused: RefusedPost; put_back: (content: PostContent) => void;
}) {
  const t = useTexts();
  const { text = "", drawing } = refused.content;
  const strokes = are_strokes(drawing?.strokes) ? drawing.strokes : null;
  const something = text !== "" || strokes !== null;
  return (
    <div class="banner bad refused" role="alert">
      <Icon name="warn" />
      <div class="grow">
        <p><b>{t.composer.refused}</b><br />{refused_text(refused, t)}</p>
        {something && <p class="xs">{t.composer.refused_text}</p>}
        {text !== "" && <blockquote class="washi" dir="auto">{text}</blockquote>}
        {strokes !== null && <Sketch strokes={strokes} />}
        <div class="row wrap">
          {something && (
            <button
              type="button" class="btn"
              onClick={() => {
                put_back(refused.content);
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
  );
}

function Sketch({ strokes }: { strokes: Stroke[] }) {
  const t = useTexts();
  const canvas = useRef<HTMLCanvasElement>(null);
  useLayoutEffect(() => {
    fit(canvas.current as HTMLCanvasElement);
    paint(canvas.current as HTMLCanvasElement, strokes);
  }, [strokes]);
  return (
    <div class="paper sketch">
      <canvas ref={canvas} role="img" aria-label={t.drawing.paper_state(strokes.length)} />
    </div>
  );
}

function refused_text(refused: RefusedPost, t: Texts): string {
  return refused.code === "conflict" ? t.composer.duplicate : refused.reason;
}

function failed_text(sending: Sending & { state: "failed" }, t: Texts): string {
  if (sending.failure.code === "conflict") return t.composer.duplicate;
  return failure_text(sending.failure, t);
}

export function SendingBanner({ sender, sending }: { sender: Sender; sending: Sending }) {
  const t = useTexts();
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
