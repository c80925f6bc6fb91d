// Not to meet somebody any more, and the way back.
import { useState } from "preact/hooks";
import type { Account, Reply } from "../../../sdk/ts/src/index";
import { client } from "../../app/client";
import { expired } from "../../app/session";
import { failure_text } from "../../lib/failure";
import { useTexts } from "../../lib/i18n";
import { Dialog } from "../../ui/Dialog";
import { Menu } from "../../ui/Menu";
import { say } from "../../ui/toast";
import { hide_author } from "../feed/live";

export function PersonMenu({ account }: { account: Pick<Account, "id" | "handle" | "name"> }) {
  const t = useTexts();
  const [asking, set_asking] = useState(false);
  const { id, handle, name } = account;

  async function hide(on: boolean, call: Promise<Reply<null>>, said: string, back?: () => void) {
    const reply = await call;
    if (!reply.ok) return void (expired(reply.failure) || say(failure_text(reply.failure, t)));
    hide_author(id, on);
    say(said, back === undefined ? undefined : { label: t.post.take_back, run: back });
  }
  const unmute = () => void hide(false, client.mutes.remove(handle), t.post.unmuted(handle));
  const unblock = () => void hide(false, client.blocks.remove(handle), t.post.unblocked(handle));
  return (
    <>
      <Menu
        label={t.people.menu(name)}
        items={[
          {
            label: t.post.mute(handle), icon: "mute",
            run: () => void hide(true, client.mutes.add(handle), t.post.muted(handle), unmute),
          },
          { label: t.post.block(handle), icon: "shield", run: () => set_asking(true) },
        ]}
      />
      {asking && (
        <Dialog
          title={t.post.block_title(name)} action={t.post.block_do} on_close={() => set_asking(false)}
          on_action={() => hide(true, client.blocks.add(handle), t.post.blocked(handle), unblock)}
        >
          <p>{t.post.block_body}</p>
        </Dialog>
      )}
    </>
  );
}
