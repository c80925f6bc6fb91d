// Figures that are read first, large, each with a word on it.
interface Props {
  /** What each is, how much, and what that means. */
  cards: readonly (readonly [name: string, value: string, note: string])[];
}

export function KeyFigures({ cards }: Props) {
  return (
    <dl class="kpis">
      {cards.map(([name, value, note]) => (
        <div class="card kpi" key={name}>
          <dt>{name}</dt>
          <dd><b>{value}</b> <span>{note}</span></dd>
        </div>
      ))}
    </dl>
  );
}
