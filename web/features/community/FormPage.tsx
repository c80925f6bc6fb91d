// The frame of the forms that make and change titles and communities.
import type { ComponentChildren } from "preact";
import type { Me } from "../../../sdk/ts/src/index";
import { go } from "../../app/router";
import { session_store } from "../../app/session";
import { useTexts } from "../../lib/i18n";
import { useStore } from "../../lib/store";
import { Icon } from "../../ui/Icon";
import { Notice, Skeleton } from "../../ui/States";
import { Invite } from "../feed/Aside";
import type { Form } from "./useForm";

interface Props {
  title: string;
  action: string;
  /** Where one goes who changes nothing. */
  back: string;
  form: Pick<Form<object>, "is_changed" | "keeps" | "wrong" | "busy" | "forget" | "submit">;
  children: ComponentChildren;
}

export function FormPage({ title, action, back, form, children }: Props) {
  const t = useTexts();
  const wrong = form.wrong["form"];
  return (
    <main id="main" class="narrow stack">
      <h1 tabIndex={-1}>{title}</h1>
      <form
        class="card stack" noValidate aria-label={title}
        onSubmit={(event) => {
          event.preventDefault();
          void form.submit();
        }}
      >
        {wrong !== undefined && (
          <div class="banner bad" role="alert" tabIndex={-1} data-wrong>
            <Icon name="warn" />
            <p>{wrong}</p>
          </div>
        )}
        {children}
        <div class="row wrap">
          <button type="submit" class="btn btn-main" aria-busy={form.busy}>{action}</button>
          <button
            type="button" class="btn btn-bare"
            onClick={() => {
              form.forget();
              go(back);
            }}
          >
            {t.app.cancel}
          </button>
          <span class="hint" role="status">
            {!form.keeps ? t.composer.not_kept : form.is_changed ? t.composer.kept : ""}
          </span>
        </div>
      </form>
    </main>
  );
}

/** What is there once it is known who asks; visitors are asked in. */
export function ForMembers({ title, children }: { title: string; children: (me: Me) => ComponentChildren }) {
  const session = useStore(session_store);
  if (session.state === "known") return <>{children(session.me)}</>;
  return (
    <main id="main" class="narrow stack">
      <h1 tabIndex={-1}>{title}</h1>
      {session.state === "anonymous" ? <Invite /> : <Skeleton count={1} />}
    </main>
  );
}

/** In place of a form that is not for whoever asks. */
export function NoForm({ title, text, back }: { title: string; text: string; back: string }) {
  const t = useTexts();
  return (
    <main id="main" class="narrow">
      <Notice title={title} text={text} level={1}>
        <a class="btn btn-main" href={back}>{t.forms.back}</a>
      </Notice>
    </main>
  );
}
