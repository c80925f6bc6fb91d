// Whom one does not want to read, and the way back.
import type { Account } from "../../../sdk/ts/src/index";
import { client } from "../../app/client";
import { expired } from "../../app/session";
import { failure_text } from "../../lib/failure";
import { useTexts } from "../../lib/i18n";
import { Face } from "../../ui/Face";
import { say } from "../../ui/toast";
import { hide_author } from "../feed/live";
import { ListCard } from "./ListCard";
import { mapped, useList } from "./useList";

export function Mutes() {
  const t = useTexts();
  const list = useList(async () => mapped(await client.mutes.list(), (v) => v.mutes));
  async function unmute(account: Account) {
    const reply = await client.mutes.remove(account.handle);
    if (!reply.ok) return void (expired(reply.failure) || say(failure_text(reply.failure, t)));
    hide_author(account.id, false);
    say(t.post.unmuted(account.handle));
    list.read();
  }
  return (
    <ListCard
      id="mutes" title={t.settings.mutes} lead={t.settings.mutes_lead} list={list}
      empty={t.settings.no_blocks}
      row={(account) => (
        <li key={account.id}>
          <Face face={account.face} />
          <div class="grow">
            <b dir="auto">{account.name}</b> <span class="faint small">@{account.handle}</span>
          </div>
          <button
            type="button" class="btn" aria-label={t.settings.unmute_of(account.handle)}
            onClick={() => void unmute(account)}
          >
            {t.settings.unmute}
          </button>
        </li>
      )}
    />
  );
}
