// The browser's own <dialog>, open as long as it is there: it keeps the focus inside and closes with
// Escape. The focus goes back to where it was.
import { useEffect, useRef } from "preact/hooks";

export function useModal() {
  const element = useRef<HTMLDialogElement>(null);
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
  return element;
}
