// What one can do with a post besides reading it. There only for those who can use what is in it.
import { useState } from "preact/hooks";
import type { Failure, Post } from "../../../sdk/ts/src/index";
import { client } from "../../app/client";
import { expired, is_mine } from "../../app/session";
import { failure_text } from "../../lib/failure";
import { useTexts } from "../../lib/i18n";
import { Dialog } from "../../ui/Dialog";
import { Menu, type MenuItem } from "../../ui/Menu";
import { say } from "../../ui/toast";
import { await_refusal, drop_posts } from "./lists";
import { hide_author } from "./live";

/** How long a post may be changed by its author. */
const edit_ms = 30 * 60_000;

interface Props {
  post: Post;
  on_edit: () => void;
  on_gone: () => void;
}

export function PostMenu({ post, on_edit, on_gone }: Props) {
  const t = useTexts();
  const [asking, set_asking] = useState<"block" | "delete" | null>(null);
  const { id, handle, name } = post.author;
  const mine = is_mine(post);

  const failed = (failure: Failure): void => {
    if (!expired(failure)) say(failure_text(failure, t));
  };
  async function remove() {
    const reply = await client.posts.remove(post.id);
    if (!reply.ok) return failed(reply.failure);
    await_refusal(reply.value.position, (refusal) => say(t.post.not_deleted(refusal.reason)));
    drop_posts((one) => one.id === post.id);
    say(t.post.deleted);
    on_gone();
  }
  async function set_blocked(on: boolean) {
    const reply = await (on ? client.blocks.add(handle) : client.blocks.remove(handle));
    if (!reply.ok) return failed(reply.failure);
    hide_author(id, on);
    if (!on) return say(t.post.unblocked(handle));
    say(t.post.blocked(handle), { label: t.post.take_back, run: () => void set_blocked(false) });
    on_gone();
  }
  async function set_muted(on: boolean) {
    const reply = await (on ? client.mutes.add(handle) : client.mutes.remove(handle));
    if (!reply.ok) return failed(reply.failure);
    hide_author(id, on);
    if (!on) return say(t.post.unmuted(handle));
    say(t.post.muted(handle), { label: t.post.take_back, run: () => void set_muted(false) });
    on_gone();
  }
  const items: MenuItem[] = mine
    ? [{ label: t.post.delete, icon: "trash", run: () => set_asking("delete") }]
    : [
      { label: t.post.mute(handle), icon: "mute", run: () => void set_muted(true) },
      { label: t.post.block(handle), icon: "shield", run: () => set_asking("block") },
    ];
  if (mine && Date.now() - Date.parse(post.created_at) < edit_ms) {
    items.unshift({ label: t.post.edit, icon: "pencil", run: on_edit });
  }
  return (
    <>
      <Menu label={t.post.more(name)} items={items} />
      {asking === "block" && (
        <Dialog
          title={t.post.block_title(name)} action={t.post.block_do}
          on_action={() => set_blocked(true)} on_close={() => set_asking(null)}
        >
          <p>{t.post.block_body}</p>
        </Dialog>
      )}
      {asking === "delete" && (
        <Dialog
          title={t.post.delete_title} action={t.post.delete} on_action={remove}
          on_close={() => set_asking(null)}
        >
          <p>{t.post.delete_body}</p>
        </Dialog>
      )}
    </>
  );
}
