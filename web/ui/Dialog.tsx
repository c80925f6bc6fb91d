// A question before something that cannot be taken back lightly.
import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { useTexts } from "../lib/i18n";
import { useModal } from "./modal";

interface Props {
  title: string;
  children: ComponentChildren;
  action: string;
  /** Resolves when the deed is done; the dialog waits for it. */
  on_action: () => Promise<void>;
  on_close: () => void;
}

export function Dialog({ title, children, action, on_action, on_close }: Props) {
  const t = useTexts();
  const element = useModal();
  const [busy, set_busy] = useState(false);
  async function act() {
    if (busy) return;
    set_busy(true);
    await on_action();
    on_close();
  }
  return (
    <dialog class="dialog" ref={element} aria-labelledby="dialog-title" onClose={on_close}>
      <h2 id="dialog-title">{title}</h2>
      <div class="quiet">{children}</div>
      <div class="actions">
        <button type="button" class="btn" onClick={() => element.current?.close()}>
          {t.app.cancel}
        </button>
        <button type="button" class="btn btn-danger" aria-busy={busy} onClick={() => void act()}>
          {action}
        </button>
      </div>
    </dialog>
  );
}
