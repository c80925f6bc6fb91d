// The drawing of a post: the server's picture of it, and a button that shows how it was drawn.
import type { ComponentType } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type { DrawingAddresses } from "../../../sdk/ts/src/index";
import { client } from "../../app/client";
import { failure_text } from "../../lib/failure";
import { useTexts } from "../../lib/i18n";
import { Icon } from "../../ui/Icon";
import { say } from "../../ui/toast";
import { are_strokes, type Stroke } from "./model";

interface Playing {
  strokes: Stroke[];
  Replay: ComponentType<{ strokes: readonly Stroke[]; on_end: () => void }>;
}

/** When to ask again for a picture that is not there: who has just posted may be quicker than the server. */
const again_ms = [300, 1_000, 4_000];

function Picture({ address, alt }: { address: string; alt: string }) {
  const [failed, set_failed] = useState(0);
  const timer = useRef<ReturnType<typeof setTimeout>>();
  useEffect(() => () => clearTimeout(timer.current), []);
  function ask_again() {
    const wait_ms = again_ms[failed];
    if (wait_ms !== undefined) timer.current = setTimeout(() => set_failed(failed + 1), wait_ms);
  }
  return (
    <img
      key={failed} src={address} width={320} height={120} loading="lazy" alt={alt} onError={ask_again}
    />
  );
}

export function DrawnPicture({ drawing, name }: { drawing: DrawingAddresses; name: string }) {
  const t = useTexts();
  const [playing, set_playing] = useState<Playing | null>(null);
  const [busy, set_busy] = useState(false);
  const [said, set_said] = useState("");

  async function play() {
    if (busy || playing !== null) return;
    set_busy(true);
    set_said("");
    const part = import("../feed/tools").catch(() => null);
    const reply = await client.posts.strokes(drawing.strokes);
    const loaded = await part;
    set_busy(false);
    if (!reply.ok) return say(failure_text(reply.failure, t));
    if (loaded === null || !are_strokes(reply.value.strokes)) return say(t.drawing.replay_failed);
    set_playing({ strokes: reply.value.strokes, Replay: loaded.Replay });
  }
  function end() {
    set_playing(null);
    set_said(t.drawing.replayed);
  }
  return (
    <div class={`draw washi ${playing !== null ? "playing" : ""}`}>
      <Picture address={drawing.svg} alt={t.drawing.by(name)} />
      {playing !== null && <playing.Replay strokes={playing.strokes} on_end={end} />}
      <button
        type="button" class="btn replay" aria-label={t.drawing.replay} title={t.drawing.replay}
        aria-busy={busy} onClick={() => void play()}
      >
        <Icon name="play" />
      </button>
      <span class="vh" role="status">{said}</span>
    </div>
  );
}
