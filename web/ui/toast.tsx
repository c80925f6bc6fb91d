// One short message at a time, at the foot of the page, read out to those who do not see it.
import { useEffect, useRef } from "preact/hooks";
import { Store, useStore } from "../lib/store";

interface Toast {
  text: string;
  action?: { label: string; run: () => void };
}

const shown_ms = 6000;
const store = new Store<Toast | null>(null);

export function say(text: string, action?: Toast["action"]): void {
  store.set(action === undefined ? { text } : { text, action });
}

export function ToastPlace() {
  const toast = useStore(store);
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (toast === null) return;
    let timer = setTimeout(end, toast.action ? 2 * shown_ms : shown_ms);
    // Not under somebody's hand.
    function end() {
      if (place.current?.querySelector(":hover, :focus-visible")) timer = setTimeout(end, 1000);
      else store.set(null);
    }
    return () => clearTimeout(timer);
  }, [toast]);
  return (
    <div class="toast-place" role="status" ref={place}>
      {toast !== null && (
        <div class="toast">
          <span>{toast.text}</span>
          {toast.action !== undefined && (
            <button
              type="button" class="btn"
              onClick={() => {
                store.set(null);
                toast.action?.run();
              }}
            >
              {toast.action.label}
            </button>
          )}
        </div>
      )}
    </div>
  );
}
