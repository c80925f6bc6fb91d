// The page of a community or title that is gone, or could not be read.
import type { Failure } from "../../../sdk/ts/src/index";
import { failure_text } from "../../lib/failure";
import { useTexts } from "../../lib/i18n";
import { Notice } from "../../ui/States";

export function NotShown({ failure, retry }: { failure: Failure; retry: () => void }) {
  const t = useTexts();
  const gone = failure.code === "not_found";
  return (
    <main id="main" class="narrow">
      <Notice
        title={gone ? t.communities.gone_title : t.communities.failed}
        text={gone ? t.communities.gone : failure_text(failure, t)} level={1} alert={!gone}
      >
        {gone ? <a class="btn btn-main" href="/communities">{t.communities.title}</a>
          : <button type="button" class="btn" onClick={retry}>{t.app.try_again}</button>}
      </Notice>
    </main>
  );
}
