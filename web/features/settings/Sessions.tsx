// Where one is logged in, and how to end it.
import { useState } from "preact/hooks";
import type { Session } from "../../../sdk/ts/src/index";
import { client } from "../../app/client";
import { go } from "../../app/router";
import { expired, signed_out } from "../../app/session";
import { device_text } from "../../lib/device";
import { failure_text } from "../../lib/failure";
import { useTexts } from "../../lib/i18n";
import { mapped } from "../../lib/reply";
import { Dialog } from "../../ui/Dialog";
import { say } from "../../ui/toast";
import { Age } from "../feed/PostCard";
import { ListCard } from "./ListCard";
import { useList } from "./useList";

export function Sessions() {
  const t = useTexts();
  const [asking, set_asking] = useState(false);
  const list = useList(async () => mapped(await client.sessions.list(), (v) => v.sessions));

  async function end(session: Session) {
    const reply = await client.sessions.end(session.id);
    if (reply.ok) say(t.settings.logged_out);
    else if (!expired(reply.failure)) say(failure_text(reply.failure, t));
    list.read();
  }
  async function leave(everywhere: boolean) {
    const reply = await (everywhere ? client.sessions.end_all() : client.sessions.end_current());
    if (!reply.ok) return void (expired(reply.failure) || say(failure_text(reply.failure, t)));
    signed_out();
    say(t.settings.logged_out);
    go("/");
  }
  return (
    <ListCard
      id="sessions" title={t.settings.sessions} list={list}
      row={(session) => (
        <li key={session.id}>
          <div class="grow">
            <span title={session.user_agent} dir="auto">{device_text(session.user_agent, t)}</span>{" "}
            {session.current && <span class="badge ok">{t.settings.this_device}</span>}
            <p class="xs faint"><Seen time={session.last_seen_at} /></p>
          </div>
          {!session.current && (
            <button
              type="button" class="btn" onClick={() => void end(session)}
              aria-label={t.settings.end_session_of(device_text(session.user_agent, t))}
            >
              {t.settings.end_session}
            </button>
          )}
        </li>
      )}
    >
      <div class="row wrap">
        <button type="button" class="btn" onClick={() => void leave(false)}>
          {t.settings.log_out}
        </button>
        <button type="button" class="btn btn-bare" onClick={() => set_asking(true)}>
          {t.settings.log_out_all}
        </button>
      </div>
      {asking && (
        <Dialog
          title={t.settings.log_out_all_title} action={t.settings.log_out_all}
          on_action={() => leave(true)} on_close={() => set_asking(false)}
        >
          <p>{t.settings.log_out_all_body}</p>
        </Dialog>
      )}
    </ListCard>
  );
}

// The sentence belongs to the language, the age to Intl: the first is cut where the second stands.
function Seen({ time }: { time: string }) {
  const t = useTexts();
  const [before, after] = t.settings.seen("\u0000").split("\u0000");
  return <>{before}<Age time={time} />{after}</>;
}
