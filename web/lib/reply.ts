import type { Reply } from "../../sdk/ts/src/index";

/** The same reply, with its value mapped. */
export function mapped<A, B>(reply: Reply<A>, map: (value: A) => B): Reply<B> {
  return reply.ok ? { ...reply, value: map(reply.value) } : reply;
}
