// A form whose fields stay on this device until they are sent: the fields, what is wrong with them,
// and the sending.
import { useState } from "preact/hooks";
import type { Reply } from "../../../sdk/ts/src/index";
import { expired } from "../../app/session";
import { failure_text } from "../../lib/failure";
import { useTexts, type Texts } from "../../lib/i18n";
import { focus_first_wrong } from "../account/parts";
import { load_kept, save_kept, with_key, type Keyed } from "../feed/draft";
import { wrong_place, type Wrong } from "./rules";

interface Options<F, T> {
  account: string;
  /** Names the form's draft among those of the account. */
  place: string;
  /** What the fields hold before somebody writes. */
  start: F;
  check: (fields: F, t: Texts) => Wrong;
  /** What is sent. The key is the same for each try of the same content. */
  content: (fields: F) => object;
  send: (fields: F, key: string) => Promise<Reply<T>>;
  on_done: (value: T) => void;
  /** What a failure means here; null where it means what it does elsewhere. */
  explain?: (code: string) => Promise<string | null>;
}

export function useForm<F extends object, T>(options: Options<F, T>) {
  const { account, place } = options;
  const t = useTexts();
  const [start] = useState(options.start);
  const [draft, set_draft] = useState<F & Keyed>(
    () => load_kept(account, place, { ...start, key: "", key_of: "" }, Date.now()));
  const [keeps, set_keeps] = useState(true);
  const [wrong, set_wrong] = useState<Wrong>({});
  const [busy, set_busy] = useState(false);
  const differs = (fields: F) => (Object.keys(start) as (keyof F)[])
    .some((field) => JSON.stringify(fields[field]) !== JSON.stringify(start[field]));

  function keep(next: (F & Keyed) | null): boolean {
    return save_kept(account, place, next, Date.now());
  }
  function put(next: F & Keyed) {
    set_draft(next);
    set_keeps(keep(differs(next) ? next : null));
  }
  function change(part: Partial<F>) {
    if (!busy) put({ ...draft, ...part });
  }
  const forget = () => void keep(null);
  function fail(found: Wrong) {
    set_wrong(found);
    if (Object.keys(found).length > 0) focus_first_wrong();
  }
  async function submit() {
    if (busy) return;
    const found = options.check(draft, t);
    fail(found);
    if (Object.keys(found).length > 0) return;
    const keyed = with_key(draft, options.content(draft));
    put(keyed);
    set_busy(true);
    const reply = await options.send(keyed, keyed.key);
    set_busy(false);
    if (reply.ok) {
      forget();
      return options.on_done(reply.value);
    }
    if (expired(reply.failure)) return;
    const text = await options.explain?.(reply.failure.code) ?? failure_text(reply.failure, t);
    fail({ [wrong_place(reply.failure)]: text });
  }
  return { fields: draft as F, is_changed: differs(draft), keeps, wrong, busy, change, forget, submit };
}

export type Form<F extends object> = ReturnType<typeof useForm<F, unknown>>;
