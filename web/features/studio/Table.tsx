// Figures in rows, and the table that stands behind a chart.
import type { ComponentChildren } from "preact";
import { useStudioWords } from "./words";

interface Props {
  label: string;
  heads: readonly string[];
  rows: readonly (readonly ComponentChildren[])[];
  /** How many columns, from the left, are words. */
  words?: number;
}

/** Wider than a phone, it is scrolled, also by the keyboard. */
export function Table({ label, heads, rows, words = 1 }: Props) {
  const side = (at: number) => (at < words ? undefined : "r num");
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label={label}>
      <table class="tbl">
        <thead>
          <tr>{heads.map((head, at) => <th key={head} scope="col" class={side(at)}>{head}</th>)}</tr>
        </thead>
        <tbody>
          {rows.map((row, line) => (
            <tr key={line}>
              {row.map((cell, at) => (at === 0 ? <th key={at} scope="row">{cell}</th> : <td key={at} class={side(at)}>{cell}</td>))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

export function AsTable(props: Props) {
  const s = useStudioWords();
  return (
    <details class="as-table">
      <summary aria-label={`${s.as_table}: ${props.label}`}>{s.as_table}</summary>
      <Table {...props} />
    </details>
  );
}
