// Points from a campaign's budget to a player. One opening is one event: however often it is asked
// for, because an answer got lost, it is granted once.
import { useEffect, useState } from "preact/hooks";
import type { Account, CampaignList, GrantOutcome, NewGrant } from "../../../sdk/ts/src/index";
import { client } from "../../app/client";
import { expired } from "../../app/session";
import { whole_number } from "../../lib/counted";
import { failure_text, may_have_arrived } from "../../lib/failure";
import { useTexts } from "../../lib/i18n";
import { new_key } from "../../lib/key";
import { Field } from "../../ui/Field";
import { useModal } from "../../ui/modal";
import { useWords, type Words } from "./words";

const amount_max = 1_000_000_000_000;
const reason_size_max = 64;

/** What was asked for, and what is known of it. */
type State =
  | { at: "form" | "sending" } | { at: "unknown"; sent: NewGrant } | { at: "done"; text: string };

// An event has 40 characters at most.
const new_event = (): string => `support:${new_key().replace(/-/g, "")}`;

interface Props {
  account: Account;
  close: () => void;
  granted: () => void;
}

export function GrantDialog({ account, close, granted }: Props) {
  const t = useTexts();
  const w = useWords();
  const element = useModal();
  const { campaigns, failed } = useCampaigns();
  const [event] = useState(new_event);
  const [amount, set_amount] = useState("");
  const [campaign, set_campaign] = useState("");
  const [reason, set_reason] = useState("");
  const [tried, set_tried] = useState(false);
  const [wrong, set_wrong] = useState<string | null>(null);
  const [state, set_state] = useState<State>({ at: "form" });
  const points = whole_number(amount, amount_max);
  const reason_size = new TextEncoder().encode(reason.trim()).length;
  const reason_fits = reason_size > 0 && reason_size <= reason_size_max;
  const from = campaign || (campaigns?.[0]?.name ?? "");

  async function send(grant: NewGrant) {
    set_wrong(null);
    set_state({ at: "sending" });
    const reply = await client.support.grant(grant);
    if (!reply.ok) {
      if (expired(reply.failure)) return close();
      if (may_have_arrived(reply.failure)) return set_state({ at: "unknown", sent: grant });
      set_wrong(w.grant_refused(failure_text(reply.failure, t)));
      return set_state({ at: "form" });
    }
    if (reply.value.outcome === "budget_exhausted") {
      set_wrong(w.grant_exhausted(reply.value.left ?? 0));
      return set_state({ at: "form" });
    }
    set_state({ at: "done", text: done_text(reply.value, w) });
    granted();
  }
  function submit() {
    set_tried(true);
    if (state.at === "unknown") return void send(state.sent);
    if (state.at !== "form" || points === null || !reason_fits || from === "") return;
    void send({ event, campaign: from, account: account.id, amount: points, reason: reason.trim() });
  }
  return (
    <dialog class="dialog" ref={element} aria-labelledby="grant-title" onClose={close}>
      <h2 id="grant-title">{w.grant_to(account.name)}</h2>
      {state.at === "done" ? (
        <>
          <p role="status" class="banner ok">{state.text}</p>
          <div class="actions">
            <button type="button" class="btn btn-main" onClick={() => element.current?.close()}>{w.close}</button>
          </div>
        </>
      ) : (
        <form
          class="stack"
          onSubmit={(submitted) => {
            submitted.preventDefault();
            submit();
          }}
        >
          <p class="small quiet">{w.grant_lead}</p>
          <fieldset class="stack plain" disabled={state.at !== "form"}>
            <Field
              id="grant-amount" label={w.grant_amount} value={amount} on_input={set_amount} lower
              wrong={tried && points === null ? w.grant_amount_bad : null}
            />
            {campaigns !== null && campaigns.length > 0 && (
              <Field
                id="grant-campaign" label={w.grant_campaign} value={from} on_input={set_campaign}
                options={campaigns.map(({ name, left }) => [name, w.campaign_left(name, left)] as const)}
              />
            )}
            <Field
              id="grant-reason" label={w.grant_reason} value={reason} on_input={set_reason}
              wrong={tried && !reason_fits ? w.grant_reason_bad : null}
            />
          </fieldset>
          {(failed || campaigns?.length === 0) && (
            <p class="banner warn" role="alert">{failed ? w.campaigns_failed : w.campaigns_none}</p>
          )}
          {wrong !== null && <p class="banner bad" role="alert">{wrong}</p>}
          {state.at === "unknown" && <p class="banner warn" role="alert">{w.grant_unknown}</p>}
          <div class="actions">
            <button type="button" class="btn" onClick={() => element.current?.close()}>{t.app.cancel}</button>
            <button type="submit" class="btn btn-main" aria-busy={state.at === "sending"}>
              {state.at === "unknown" ? w.grant_again : points === null ? w.grant : w.grant_do(points)}
            </button>
          </div>
        </form>
      )}
    </dialog>
  );
}

function done_text({ outcome, amount, balance }: GrantOutcome, w: Words): string {
  return outcome === "granted_before" ? w.granted_before(amount) : w.granted(amount, balance ?? 0);
}

function useCampaigns() {
  const [campaigns, set_campaigns] = useState<CampaignList["campaigns"] | null>(null);
  const [failed, set_failed] = useState(false);
  useEffect(() => {
    let here = true;
    void client.support.campaigns().then((reply) => {
      if (!here) return;
      if (reply.ok) set_campaigns(reply.value.campaigns);
      set_failed(!reply.ok);
    });
    return () => void (here = false);
  }, []);
  return { campaigns, failed };
}
