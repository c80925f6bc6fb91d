// What sign-up and log-in share.
import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import type { Me } from "../../../sdk/ts/src/index";
import { useTexts } from "../../lib/i18n";
import { Face } from "../../ui/Face";
import { Field } from "../../ui/Field";
import { Icon } from "../../ui/Icon";
import { Lantern } from "../../ui/Lantern";

interface FormProps {
  title: string;
  lead: string;
  action: string;
  busy: boolean;
  wrong: string | undefined;
  on_submit: () => void;
  children: ComponentChildren;
  other: ComponentChildren;
}

export function AccountForm(props: FormProps) {
  return (
    <main id="main" class="narrow gate">
      <div class="gate-head">
        <div class="lamp lit"><Lantern lit crest="祭" /></div>
        <h1 tabIndex={-1}>{props.title}</h1>
        <p class="quiet">{props.lead}</p>
      </div>
      <form
        class="card stack" noValidate
        onSubmit={(event) => {
          event.preventDefault();
          props.on_submit();
        }}
      >
        {props.wrong !== undefined && (
          <div class="banner bad" role="alert" tabIndex={-1} data-wrong>
            <Icon name="warn" />
            <p>{props.wrong}</p>
          </div>
        )}
        {props.children}
        <button type="submit" class="btn btn-main btn-lg btn-wide" aria-busy={props.busy}>
          {props.action}
        </button>
      </form>
      <p class="gate-other small">{props.other}</p>
    </main>
  );
}

interface PasswordProps {
  value: string;
  on_input: (value: string) => void;
  hint?: string;
  wrong?: string;
  autocomplete: string;
}

export function PasswordField(props: PasswordProps) {
  const t = useTexts();
  const [shown, set_shown] = useState(false);
  return (
    <Field id="password" label={t.account.password} type={shown ? "text" : "password"} {...props}>
      <label class="check">
        <input
          type="checkbox" role="switch" checked={shown}
          onChange={(event) => set_shown(event.currentTarget.checked)}
        />
        {t.account.show}
      </label>
    </Field>
  );
}

export function Already({ me }: { me: Me }) {
  const t = useTexts();
  return (
    <main id="main" class="narrow gate">
      <div class="card state">
        <Face face={me.face} />
        <h1 tabIndex={-1}>{t.account.already(me.name)}</h1>
        <a class="btn btn-main" href="/">{t.post.back}</a>
      </div>
    </main>
  );
}

/** Takes the keyboard, and with it the screen reader, to what has to be mended. */
export function focus_first_wrong(): void {
  requestAnimationFrame(() => {
    document.querySelector<HTMLElement>("main [aria-invalid=true], main [data-wrong]")?.focus();
  });
}
