// A question before something that cannot be taken back lightly. The browser's own <dialog> keeps
// the focus inside and closes with Escape.
import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { useTexts } from "../lib/i18n";

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
  const element = useRef<HTMLDialogElement>(null);
  const [busy, set_busy] = useState(false);
  useEffect(() => {
    const before = document.activeElement;
    element.current?.showModal();
    return () => {
      if (before instanceof HTMLElement) before.focus();
      // What had the focus may go with the dialog, such as a post whose author was blocked.
      requestAnimationFrame(() => {
        if (document.activeElement !== document.body) return;
        document.querySelector<HTMLElement>("main [role=feed], main h1, h1")
          ?.focus({ preventScroll: true });
      });
    };
  }, []);
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
