// A new idempotency key. randomUUID exists only where the page came over TLS or from this very
// machine, so plain HTTP in a home network needs the longer way.
export function new_key(): string {
  if (typeof crypto.randomUUID === "function") return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
