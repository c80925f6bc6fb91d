// Whether the device believes to have a connection. It is believed when it says that one was lost,
// but not at the start: a machine that is its own server needs no network to have loaded this page.
import { Store } from "./store";

export const online_store = new Store(true);

export function start_connection(): void {
  window.addEventListener("online", () => online_store.set(true));
  window.addEventListener("offline", () => online_store.set(false));
}
