// Empathy: a small lantern that lights. It shows at once, and goes out again where the server says
// no, also where it says so later.
import { useState } from "preact/hooks";
import type { Post } from "../../../sdk/ts/src/index";
import { client } from "../../app/client";
import { go, then_to } from "../../app/router";
import { expired, is_mine, session_store } from "../../app/session";
import { failure_text } from "../../lib/failure";
import { useTexts } from "../../lib/i18n";
import { language_store } from "../../lib/prefs";
import { useStore } from "../../lib/store";
import { say } from "../../ui/toast";
import { await_refusal, change_post } from "./lists";

function set_shown(post: string, on: boolean): void {
  change_post(post, (known) => (known.empathized === on ? {} : {
    empathized: on, empathy_count: Math.max(0, known.empathy_count + (on ? 1 : -1)),
  }));
}

export function EmpathyButton({ post }: { post: Post }) {
  const t = useTexts();
  const language = useStore(language_store);
  const session = useStore(session_store);
  const [busy, set_busy] = useState(false);
  const count = new Intl.NumberFormat(language).format(post.empathy_count);

  async function toggle() {
    if (session.state !== "known") {
      return say(t.post.empathy_log_in, { label: t.nav.log_in, run: () => go(then_to("/login", location.pathname)) });
    }
    // The answer to the press before is on its way: it says what the next one means.
    if (busy) return;
    const on = !post.empathized;
    set_busy(true);
    set_shown(post.id, on);
    const reply = await client.posts.empathize(post.id, on);
    set_busy(false);
    if (reply.ok) return await_refusal(reply.value.position, () => set_shown(post.id, !on));
    set_shown(post.id, !on);
    if (!expired(reply.failure)) say(failure_text(reply.failure, t));
  }
  if (is_mine(post)) {
    return (
      <span class="emp still"><LanternSign />{t.post.empathy} <span class="num">{count}</span></span>
    );
  }
  return (
    <button type="button" class="emp" aria-pressed={post.empathized} onClick={() => void toggle()}>
      <LanternSign />{t.post.empathy} <span class="num">{count}</span>
    </button>
  );
}

function LanternSign() {
  return (
    <svg viewBox="0 0 20 27" aria-hidden="true">
      <path
        d="M10 .8v3M6.5 3.8h7M6.5 23.2h7M10 23.2v3" fill="none" stroke="currentColor" stroke-width="1.6"
        stroke-linecap="round"
      />
      <path
        class="body" stroke-width="1.6"
        d="M6 4.5h8c3 3 4 5.5 4 9s-1 6-4 9H6c-3-3-4-5.5-4-9s1-6 4-9Z"
      />
      <path
        d="M3 9.7h14M2.2 13.5h15.6M3 17.3h14" fill="none" stroke="currentColor" stroke-opacity=".5"
        stroke-width="1.1"
      />
    </svg>
  );
}
