// Log in. What is wrong is said of both fields together, because the server does not tell which.
import { useState } from "preact/hooks";
import { client } from "../../app/client";
import { go, then_to, wanted_page } from "../../app/router";
import { session_store, signed_in } from "../../app/session";
import { failure_text } from "../../lib/failure";
import { useTexts } from "../../lib/i18n";
import { useStore } from "../../lib/store";
import { handle_is_good, handle_max } from "../../lib/text";
import { Field } from "../../ui/Field";
import { say } from "../../ui/toast";
import { AccountForm, Already, focus_first_wrong, PasswordField } from "./parts";

export function LogInPage() {
  const t = useTexts();
  const session = useStore(session_store);
  const [handle, set_handle] = useState("");
  const [password, set_password] = useState("");
  const [wrong, set_wrong] = useState<string | undefined>();
  const [busy, set_busy] = useState(false);
  if (session.state === "known" && !busy) return <Already me={session.me} />;

  async function submit() {
    if (busy) return;
    // A handle that cannot be is not worth a request.
    if (!handle_is_good(handle) || password === "") {
      set_wrong(t.account.wrong);
      return focus_first_wrong();
    }
    set_busy(true);
    const reply = await client.sessions.create({ handle, password });
    if (reply.ok) {
      signed_in(reply.value);
      say(t.account.welcome_back(reply.value.name));
      return go(wanted_page());
    }
    set_busy(false);
    const { code } = reply.failure;
    const mismatch = code === "unauthenticated" || code === "invalid";
    set_wrong(mismatch ? t.account.wrong : failure_text(reply.failure, t));
    focus_first_wrong();
  }

  return (
    <AccountForm
      title={t.account.log_in} lead={t.account.log_in_lead} action={t.account.log_in} busy={busy}
      wrong={wrong} on_submit={() => void submit()}
      other={<>{t.account.no_account} <a href={then_to("/signup", wanted_page())}>{t.account.sign_up}</a></>}
    >
      <Field
        id="handle" label={t.account.handle} value={handle} autocomplete="username" lower
        max={handle_max} on_input={(value) => set_handle(value.trim().toLowerCase())}
      />
      <PasswordField value={password} on_input={set_password} autocomplete="current-password" />
    </AccountForm>
  );
}
