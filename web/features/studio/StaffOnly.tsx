// What stands before a page of staff: it is for nobody else.
import type { ComponentChildren } from "preact";
import type { Me } from "../../../sdk/ts/src/index";
import { is_support, session_store } from "../../app/session";
import { useStaffLook } from "../../app/staff";
import { useTexts } from "../../lib/i18n";
import { useStore } from "../../lib/store";
import { Notice, Skeleton } from "../../ui/States";
import { Invite } from "../feed/Aside";
import { useStudioWords } from "./words";

interface Props {
  title: string;
  /** What somebody else is told. */
  denied: string;
  children: (me: Me) => ComponentChildren;
}

export function StaffOnly({ title, denied, children }: Props) {
  const t = useTexts();
  const s = useStudioWords();
  const session = useStore(session_store);
  useStaffLook();
  if (session.state === "known") {
    if (is_support(session.me)) return <>{children(session.me)}</>;
    return (
      <main id="main" class="narrow">
        <Notice title={s.denied_title} text={denied} level={1}>
          <a class="btn btn-main" href="/">{t.not_found.back}</a>
        </Notice>
      </main>
    );
  }
  return (
    <main id="main" class="narrow stack">
      <h1 tabIndex={-1}>{title}</h1>
      {session.state === "anonymous" ? <Invite /> : <Skeleton count={1} />}
    </main>
  );
}
