// Bearer tokens for programs. A new one is shown once, because the server keeps only its hash.
import { useState } from "preact/hooks";
import type { CreatedToken, Token } from "../../../sdk/ts/src/index";
import { client } from "../../app/client";
import { expired } from "../../app/session";
import { failure_text } from "../../lib/failure";
import { useTexts } from "../../lib/i18n";
import { mapped } from "../../lib/reply";
import { clean_name, code_point_count, label_max } from "../../lib/text";
import { Dialog } from "../../ui/Dialog";
import { Field } from "../../ui/Field";
import { say } from "../../ui/toast";
import { Age } from "../feed/PostCard";
import { ListCard } from "./ListCard";
import { useList } from "./useList";

export function Tokens() {
  const t = useTexts();
  const list = useList(async () => mapped(await client.tokens.list(), (v) => v.tokens));
  const [made, set_made] = useState<CreatedToken | null>(null);
  const [revoking, set_revoking] = useState<Token | null>(null);

  async function revoke(token: Token) {
    const reply = await client.tokens.revoke(token.id);
    if (reply.ok) say(t.settings.revoked);
    else if (!expired(reply.failure)) say(failure_text(reply.failure, t));
    if (made?.id === token.id) set_made(null);
    list.read();
  }
  function on_made(token: CreatedToken) {
    set_made(token);
    list.read();
  }
  return (
    <ListCard
      id="tokens" title={t.settings.tokens} lead={t.settings.tokens_lead} list={list}
      empty={t.settings.no_tokens}
      row={(token) => (
        <li key={token.id}>
          <div class="grow">
            <span dir="auto">{token.label}</span>
            <p class="xs faint"><Made time={token.created_at} /></p>
          </div>
          <button
            type="button" class="btn" aria-label={t.settings.revoke_of(token.label)}
            onClick={() => set_revoking(token)}
          >
            {t.settings.revoke}
          </button>
        </li>
      )}
    >
      {made !== null && <MadeToken token={made} />}
      <NewToken on_made={on_made} />
      {revoking !== null && (
        <Dialog
          title={t.settings.revoke_title(revoking.label)} action={t.settings.revoke}
          on_action={() => revoke(revoking)} on_close={() => set_revoking(null)}
        >
          <p>{t.settings.revoke_body}</p>
        </Dialog>
      )}
    </ListCard>
  );
}

function Made({ time }: { time: string }) {
  const t = useTexts();
  const [before, after] = t.settings.made("\u0000").split("\u0000");
  return <>{before}<Age time={time} />{after}</>;
}

function MadeToken({ token }: { token: CreatedToken }) {
  const t = useTexts();
  async function copy() {
    // Only pages over TLS or from this machine may write to the clipboard; the rest select it.
    try {
      await navigator.clipboard.writeText(token.token);
      say(t.settings.copied);
    } catch {
      const place = document.getElementById("made-token");
      if (place !== null) getSelection()?.selectAllChildren(place);
    }
  }
  return (
    <div class="banner ok" role="status">
      <div class="grow">
        <p>{t.settings.token_made(token.label)}</p>
        <div class="row wrap">
          <code class="mono secret" id="made-token">{token.token}</code>
          <button type="button" class="btn" onClick={() => void copy()}>{t.settings.copy}</button>
        </div>
      </div>
    </div>
  );
}

function NewToken({ on_made }: { on_made: (token: CreatedToken) => void }) {
  const t = useTexts();
  const [label, set_label] = useState("");
  const [wrong, set_wrong] = useState<string | null>(null);
  const [busy, set_busy] = useState(false);
  async function make() {
    if (busy) return;
    const wanted = clean_name(label);
    const letters = code_point_count(wanted);
    if (letters < 1 || letters > label_max) return set_wrong(t.settings.label_bad);
    set_wrong(null);
    set_busy(true);
    const reply = await client.tokens.create(wanted);
    set_busy(false);
    if (reply.ok) {
      set_label("");
      on_made(reply.value);
    } else if (!expired(reply.failure)) set_wrong(failure_text(reply.failure, t));
  }
  return (
    <form
      class="inline-form"
      onSubmit={(event) => {
        event.preventDefault();
        void make();
      }}
    >
      <Field id="token-label" label={t.settings.label} value={label} wrong={wrong} on_input={set_label} />
      <button type="submit" class="btn" aria-busy={busy}>{t.settings.make_token}</button>
    </form>
  );
}
