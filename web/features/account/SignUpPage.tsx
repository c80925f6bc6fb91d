// Sign up: a handle, a name and a password.
import { useState } from "preact/hooks";
import { client } from "../../app/client";
import { go, then_to, wanted_page } from "../../app/router";
import { session_store, signed_in } from "../../app/session";
import { failure_text } from "../../lib/failure";
import { useTexts } from "../../lib/i18n";
import { useStore } from "../../lib/store";
import {
  clean_name, code_point_count, handle_is_good, handle_max, name_max, password_max, password_min,
} from "../../lib/text";
import { Field } from "../../ui/Field";
import { say } from "../../ui/toast";
import { Already, AccountForm, focus_first_wrong, PasswordField } from "./parts";

interface Wrong {
  handle?: string;
  name?: string;
  password?: string;
  form?: string;
}

export function SignUpPage() {
  const t = useTexts();
  const session = useStore(session_store);
  const [handle, set_handle] = useState("");
  const [name, set_name] = useState("");
  const [password, set_password] = useState("");
  const [wrong, set_wrong] = useState<Wrong>({});
  const [busy, set_busy] = useState(false);
  if (session.state === "known" && !busy) return <Already me={session.me} />;

  function check(): Wrong {
    const found: Wrong = {};
    const letters = code_point_count(clean_name(name));
    const secret = code_point_count(password);
    if (!handle_is_good(handle)) found.handle = t.account.handle_bad;
    if (letters < 1 || letters > name_max) found.name = t.account.name_bad;
    if (secret < password_min || secret > password_max) found.password = t.account.password_bad;
    return found;
  }
  async function submit() {
    if (busy) return;
    const found = check();
    set_wrong(found);
    if (Object.keys(found).length > 0) return focus_first_wrong();
    set_busy(true);
    const reply = await client.accounts.create({ handle, name: clean_name(name), password });
    if (reply.ok) {
      signed_in(reply.value);
      say(t.account.welcome(reply.value.name));
      return go(wanted_page());
    }
    set_busy(false);
    const taken = reply.failure.code === "conflict";
    set_wrong(taken ? { handle: t.account.handle_taken } : { form: failure_text(reply.failure, t) });
    focus_first_wrong();
  }

  return (
    <AccountForm
      title={t.account.sign_up} lead={t.account.sign_up_lead} action={t.account.sign_up} busy={busy}
      wrong={wrong.form} on_submit={() => void submit()}
      other={<>{t.account.have_account} <a href={then_to("/login", wanted_page())}>{t.account.log_in}</a></>}
    >
      <Field
        id="handle" label={t.account.handle} value={handle} hint={t.account.handle_hint} lower
        wrong={wrong.handle} autocomplete="username" max={handle_max}
        on_input={(value) => set_handle(value.trim().toLowerCase())}
      />
      <Field
        id="name" label={t.account.name} value={name} hint={t.account.name_hint}
        wrong={wrong.name} autocomplete="nickname" on_input={set_name}
      />
      <PasswordField
        value={password} on_input={set_password} hint={t.account.password_hint}
        wrong={wrong.password} autocomplete="new-password"
      />
    </AccountForm>
  );
}
