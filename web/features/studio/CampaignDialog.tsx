// A campaign that windows name and that is not there yet: an admin makes it, with its budget. One key
// is one campaign, however often it is asked for because an answer got lost.
import { useState } from "preact/hooks";
import { key_of } from "../../../sdk/ts/src/game";
import type { NewCampaign } from "../../../sdk/ts/src/index";
import { client } from "../../app/client";
import { expired } from "../../app/session";
import { useReply } from "../../app/staff";
import { whole_number } from "../../lib/counted";
import { failure_text, may_have_arrived } from "../../lib/failure";
import { useTexts } from "../../lib/i18n";
import { name_in } from "../../lib/names";
import { language_store } from "../../lib/prefs";
import { useStore } from "../../lib/store";
import { Field } from "../../ui/Field";
import { useModal } from "../../ui/modal";
import { useBroadcastWords } from "./broadcast_words";

const budget_max = 1_000_000_000_000_000;
const titles_max = 100;

/** What was asked for: nobody knows what becomes of it until it is answered. */
type State = { at: "form" | "sending" } | { at: "unknown"; sent: NewCampaign };

interface Props {
  name: string;
  /** By the server's clock, whatever this device's says. */
  now_ms: number;
  close: () => void;
  made: () => void;
}

export function CampaignDialog({ name, now_ms, close, made }: Props) {
  const t = useTexts();
  const w = useBroadcastWords();
  const language = useStore(language_store);
  const element = useModal();
  const { value: list, failure, again } = useReply(() => client.communities.titles({ limit: titles_max }), []);
  const [title, set_title] = useState("");
  const [budget, set_budget] = useState("");
  const [tried, set_tried] = useState(false);
  const [wrong, set_wrong] = useState<string | null>(null);
  const [state, set_state] = useState<State>({ at: "form" });
  const titles = list?.titles ?? [];
  const points = whole_number(budget, budget_max);
  const owner = title || titles[0]?.id;

  async function send(campaign: NewCampaign) {
    set_wrong(null);
    set_state({ at: "sending" });
    const reply = await client.support.create_campaign(campaign);
    if (reply.ok) {
      made();
      return element.current?.close();
    }
    if (expired(reply.failure)) return close();
    if (may_have_arrived(reply.failure)) return set_state({ at: "unknown", sent: campaign });
    set_wrong(failure_text(reply.failure, t));
    set_state({ at: "form" });
  }
  function submit() {
    set_tried(true);
    if (state.at === "unknown") return void send(state.sent);
    if (state.at !== "form" || points === null || owner === undefined) return;
    void send({ key: key_of(now_ms), name, title: owner, budget: points });
  }
  return (
    <dialog class="dialog" ref={element} aria-labelledby="campaign-title" onClose={close}>
      <h2 id="campaign-title">{w.make_title(name)}</h2>
      <form
        class="stack"
        onSubmit={(submitted) => {
          submitted.preventDefault();
          submit();
        }}
      >
        <p class="small quiet">{w.make_lead}</p>
        <fieldset class="stack plain" disabled={state.at !== "form"}>
          <Field
            id="campaign-budget" label={w.make_budget} value={budget} on_input={set_budget} lower
            wrong={tried && points === null ? w.make_budget_bad : null}
          />
          {titles.length > 0 && (
            <Field
              id="campaign-owner" label={w.make_owner} value={owner ?? ""} on_input={set_title}
              options={titles.map(({ id, names }) => [id, name_in(names, language).text] as const)}
            />
          )}
        </fieldset>
        {list !== null && titles.length === 0 && (
          <p class="banner warn" role="alert">{w.make_no_title} <a href="/titles/new">{t.forms.new_title}</a></p>
        )}
        {failure !== null && (
          <div class="banner bad" role="alert">
            <p>{w.make_titles_failed} {failure_text(failure, t)}</p>
            <button type="button" class="btn" onClick={again}>{t.app.try_again}</button>
          </div>
        )}
        {wrong !== null && <p class="banner bad" role="alert">{wrong}</p>}
        {state.at === "unknown" && <p class="banner warn" role="alert">{w.make_unknown}</p>}
        <div class="actions">
          <button type="button" class="btn" onClick={() => element.current?.close()}>{t.app.cancel}</button>
          <button type="submit" class="btn btn-main" aria-busy={state.at === "sending"}>
            {state.at === "unknown" ? w.make_again : w.make}
          </button>
        </div>
      </form>
    </dialog>
  );
}
