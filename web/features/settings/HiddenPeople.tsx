// Whom one mutes, or blocks, and the way back.
import type { Account } from "../../../sdk/ts/src/index";
import { client } from "../../app/client";
import { expired } from "../../app/session";
import { failure_text } from "../../lib/failure";
import { useTexts, type Texts } from "../../lib/i18n";
import { mapped } from "../../lib/reply";
import { Face } from "../../ui/Face";
import { say } from "../../ui/toast";
import { hide_author } from "../feed/live";
import { ListCard } from "./ListCard";
import { useList } from "./useList";

const kinds = {
  mutes: {
    read: async () => mapped(await client.mutes.list(), (value) => value.mutes),
    remove: client.mutes.remove,
    texts: (t: Texts) => ({
      title: t.settings.mutes, lead: t.settings.mutes_lead, undo: t.settings.unmute,
      undo_of: t.settings.unmute_of, undone: t.post.unmuted,
    }),
  },
  blocks: {
    read: async () => mapped(await client.blocks.list(), (value) => value.blocks),
    remove: client.blocks.remove,
    texts: (t: Texts) => ({
      title: t.settings.blocks, undo: t.settings.unblock, undo_of: t.settings.unblock_of,
      undone: t.post.unblocked,
    }),
  },
};

export function HiddenPeople({ which }: { which: keyof typeof kinds }) {
  const t = useTexts();
  const { read, remove, texts } = kinds[which];
  const { undo, undo_of, undone, ...head } = texts(t);
  const list = useList(read);
  async function show_again(account: Account) {
    const reply = await remove(account.handle);
    if (!reply.ok) return void (expired(reply.failure) || say(failure_text(reply.failure, t)));
    hide_author(account.id, false);
    say(undone(account.handle));
    list.read();
  }
  return (
    <ListCard
      id={which} {...head} list={list} empty={t.settings.no_blocks}
      row={(account) => (
        <li key={account.id}>
          <Face face={account.face} />
          <div class="grow">
            <b dir="auto">{account.name}</b> <span class="faint small">@{account.handle}</span>
          </div>
          <button
            type="button" class="btn" aria-label={undo_of(account.handle)}
            onClick={() => void show_again(account)}
          >
            {undo}
          </button>
        </li>
      )}
    />
  );
}
