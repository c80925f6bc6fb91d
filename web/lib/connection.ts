// Whether the device believes to have a connection.
import { Store } from "./store";

export const online_store = new Store(true);

export function start_connection(): void {
  online_store.set(navigator.onLine);
  window.addEventListener("online", () => online_store.set(true));
  window.addEventListener("offline", () => online_store.set(false));
}
