// A card of the settings that holds a list: loading, failed, empty, or its rows.
import type { ComponentChildren } from "preact";
import { failure_text } from "../../lib/failure";
import { useTexts } from "../../lib/i18n";
import type { List } from "./useList";

interface Props<T> {
  id: string;
  title: string;
  lead?: string;
  empty?: string;
  list: List<T>;
  row: (item: T) => ComponentChildren;
  children?: ComponentChildren;
}

export function ListCard<T>({ id, title, lead, empty, list, row, children }: Props<T>) {
  const t = useTexts();
  return (
    <section class="card" aria-labelledby={id}>
      <h2 id={id} class="h-card">{title}</h2>
      {lead !== undefined && <p class="small quiet">{lead}</p>}
      {list.failure !== null && (
        <div class="banner bad" role="alert">
          <p class="grow">{failure_text(list.failure, t)}</p>
          <button type="button" class="btn" onClick={list.read}>{t.app.try_again}</button>
        </div>
      )}
      {list.items === null && list.failure === null && (
        <div class="skel" role="status" aria-label={t.app.loading} />
      )}
      {list.items?.length === 0 && empty !== undefined && <p class="small faint">{empty}</p>}
      {list.items !== null && list.items.length > 0 && <ul class="rows">{list.items.map(row)}</ul>}
      {children}
    </section>
  );
}
