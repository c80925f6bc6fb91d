// Follows a person or a community, at once; takes it back where the server refuses it.
import { useState } from "preact/hooks";
import type { Followed, Reply } from "../../../sdk/ts/src/index";
import { go, then_to } from "../../app/router";
import { expired, session_store } from "../../app/session";
import { failure_text } from "../../lib/failure";
import { useTexts } from "../../lib/i18n";
import { useStore } from "../../lib/store";
import { say } from "../../ui/toast";
import { await_refusal } from "../feed/lists";

interface Props {
  followed: boolean;
  /** Whom or what, for those who only hear the button. */
  name: string;
  send: (on: boolean) => Promise<Reply<Followed>>;
  /** Called with what is to be shown, also where it is taken back. */
  on_change: (followed: boolean) => void;
}

export function FollowButton({ followed, name, send, on_change }: Props) {
  const t = useTexts();
  const session = useStore(session_store);
  const [busy, set_busy] = useState(false);
  async function toggle() {
    if (session.state !== "known") {
      return say(t.follow.log_in, { label: t.nav.log_in, run: () => go(then_to("/login", location.pathname)) });
    }
    if (busy) return;
    const on = !followed;
    set_busy(true);
    on_change(on);
    const reply = await send(on);
    set_busy(false);
    if (reply.ok) {
      return await_refusal(reply.value.position, (refusal) => {
        on_change(!on);
        say(t.failure.other(refusal.reason));
      });
    }
    on_change(!on);
    if (!expired(reply.failure)) say(failure_text(reply.failure, t));
  }
  return (
    <button
      type="button" class={`btn ${followed ? "" : "btn-main"}`} aria-pressed={followed}
      aria-label={followed ? t.follow.followed_of(name) : t.follow.of(name)} onClick={() => void toggle()}
    >
      {followed ? t.follow.followed : t.follow.follow}
    </button>
  );
}
