// Which notifications one receives: a switch for each kind, that works at once.
import { useEffect, useState } from "preact/hooks";
import type { Failure, NoticeKind, NoticeSettings } from "../../../sdk/ts/src/index";
import { client } from "../../app/client";
import { expired } from "../../app/session";
import { failure_text } from "../../lib/failure";
import { useTexts, type Texts } from "../../lib/i18n";
import { say } from "../../ui/toast";

const kinds: readonly NoticeKind[] = ["empathy", "comment", "thread", "follow"];

function kind_text(kind: NoticeKind, t: Texts): string {
  switch (kind) {
    case "empathy": return t.notices.kind_empathy;
    case "comment": return t.notices.kind_comment;
    case "thread": return t.notices.kind_thread;
    case "follow": return t.notices.kind_follow;
  }
}

export function NoticeSettingsForm() {
  const t = useTexts();
  const [settings, set_settings] = useState<NoticeSettings | null>(null);
  const [failure, set_failure] = useState<Failure | null>(null);
  function read() {
    set_failure(null);
    void client.notices.settings().then((reply) => {
      if (reply.ok) set_settings(reply.value);
      else if (!expired(reply.failure)) set_failure(reply.failure);
    });
  }
  useEffect(read, []);
  async function change(kind: NoticeKind, on: boolean) {
    if (settings === null) return;
    const next = { ...settings, [kind]: on };
    set_settings(next);
    const reply = await client.notices.set_settings(next);
    if (reply.ok) return;
    set_settings(settings);
    if (!expired(reply.failure)) say(failure_text(reply.failure, t));
  }
  return (
    <section class="card" aria-labelledby="notice-kinds">
      <h2 id="notice-kinds" class="h-card">{t.notices.kinds}</h2>
      {failure !== null && (
        <div class="banner bad" role="alert">
          <p class="grow">{failure_text(failure, t)}</p>
          <button type="button" class="btn" onClick={read}>{t.app.try_again}</button>
        </div>
      )}
      {settings === null && failure === null && <div class="skel" role="status" aria-label={t.app.loading} />}
      {settings !== null && kinds.map((kind) => (
        <label key={kind} class="check between">
          <span>{kind_text(kind, t)}</span>
          <input
            type="checkbox" role="switch" checked={settings[kind]}
            onChange={(event) => void change(kind, event.currentTarget.checked)}
          />
        </label>
      ))}
    </section>
  );
}
