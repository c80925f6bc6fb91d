// One request and its answer, with every way of failing turned into a value.
import type { Call } from "./community";
import type { Failure, Problem, Reply } from "./types";

export interface HttpOptions {
  /** Where the server is; nothing for the page's own origin. */
  base: string;
  fetch: typeof fetch;
  timeout_ms: number;
}

export interface Answer<T> {
  reply: Reply<T>;
  /** The answer's `Matsuri-Position`, where it succeeded and has one. */
  position: string | null;
}

/** Sends one request. Never throws. `anonymous` leaves the page's cookies at home. */
export async function request<T>(
  { base, fetch, timeout_ms }: HttpOptions, call: Call, headers: Record<string, string>,
  anonymous = false,
): Promise<Answer<T>> {
  const all: Record<string, string> = {
    ...headers, Accept: "application/json, application/problem+json",
  };
  if (call.body !== undefined) all["Content-Type"] = "application/json";
  if (call.idempotency_key !== undefined) all["Idempotency-Key"] = call.idempotency_key;
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(), timeout_ms);
  try {
    const answer = await fetch(base + call.path, {
      method: call.method, headers: all, signal: controller.signal,
      credentials: anonymous ? "omit" : "same-origin", cache: "no-store",
      ...(call.body === undefined ? {} : { body: JSON.stringify(call.body) }),
    });
    if (!answer.ok) {
      return { reply: { ok: false, failure: await failure_of(answer) }, position: null };
    }
    const value = (answer.status === 204 ? null : await answer.json()) as T;
    return {
      reply: { ok: true, value, stale: answer.headers.has("Matsuri-Stale") },
      position: answer.headers.get("Matsuri-Position"),
    };
  } catch (error) {
    const failure: Failure = { code: "unreachable", status: 0, detail: String(error) };
    return { reply: { ok: false, failure }, position: null };
  } finally {
    clearTimeout(timer);
  }
}

// A proxy in between answers in its own words: the status then says what it can.
async function failure_of(answer: Response): Promise<Failure> {
  const retry = Number(answer.headers.get("Retry-After"));
  const failure: Failure = {
    code: answer.status >= 500 ? "busy" : "invalid", status: answer.status,
    detail: answer.statusText, ...(retry > 0 ? { retry_after_s: retry } : {}),
  };
  try {
    const problem = (await answer.json()) as Partial<Problem>;
    if (typeof problem.code === "string") failure.code = problem.code;
    if (typeof problem.detail === "string") failure.detail = problem.detail;
  } catch {
    // Not a problem document.
  }
  return failure;
}
