import { randomUUID } from "node:crypto";

/** A UUIDv7 of now. */
export function new_key() {
  const time = Date.now().toString(16).padStart(12, "0");
  const random = randomUUID();
  return `${time.slice(0, 8)}-${time.slice(8)}-7${random.slice(15, 18)}-${random.slice(19)}`;
}
