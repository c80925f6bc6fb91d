// Whom one blocks, and the way back.
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

export function Blocks() {
  const t = useTexts();
  const list = useList(async () => mapped(await client.blocks.list(), (v) => v.blocks));
  async function unblock(account: Account) {
    const reply = await client.blocks.remove(account.handle);
    if (!reply.ok) return void (expired(reply.failure) || say(failure_text(reply.failure, t)));
    hide_author(account.id, false);
    say(t.post.unblocked(account.handle));
    list.read();
  }
  return (
    <ListCard
      id="blocks" title={t.settings.blocks} list={list} empty={t.settings.no_blocks}
      row={(account) => (
        <li key={account.id}>
          <Face face={account.face} />
          <div class="grow">
            <b dir="auto">{account.name}</b> <span class="faint small">@{account.handle}</span>
          </div>
          <button
            type="button" class="btn" aria-label={t.settings.unblock_of(account.handle)}
            onClick={() => void unblock(account)}
          >
            {t.settings.unblock}
          </button>
        </li>
      )}
    />
  );
}
