// Names for the shapes of api/openapi.yaml. The shapes themselves are generated at build.
import type { components } from "./generated/api";

type Schemas = components["schemas"];

export type Code = Schemas["Code"];
export type Command = Schemas["Command"];
export type CreatedToken = Schemas["CreatedToken"];
export type Problem = Schemas["Problem"];
export type Refusal = Schemas["Refusal"];
export type Session = Schemas["Session"];
export type Token = Schemas["Token"];

/** Why a call failed. `unreachable` is the client's own: no answer came, or none in time. */
export interface Failure {
  code: Code | "unreachable";
  /** The HTTP status, or 0 where no answer came. */
  status: number;
  detail: string;
  /** Seconds that the server asks to wait before the next try. */
  retry_after_s?: number;
}

/** What every call gives: nothing is thrown. */
export type Reply<T> = { ok: true; value: T; stale: boolean } | { ok: false; failure: Failure };
