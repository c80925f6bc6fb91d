// One short message at a time, at the foot of the page, read out to those who do not see it.
import { useEffect } from "preact/hooks";
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
  useEffect(() => {
    if (toast === null) return;
    const timer = setTimeout(() => store.set(null), toast.action ? 2 * shown_ms : shown_ms);
    return () => clearTimeout(timer);
  }, [toast]);
  return (
    <div class="toast-place" role="status">
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
