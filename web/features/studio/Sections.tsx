// The parts of a report: a card for each measure, with its chart and its table.
import { useMemo, useState } from "preact/hooks";
import type { AnalyticsCommands, AnalyticsField, AnalyticsReport } from "../../../sdk/ts/src/index";
import { language_store } from "../../lib/prefs";
import { useStore } from "../../lib/store";
import { Chart, type Series } from "./Chart";
import { KeyFigures } from "./KeyFigures";
import { heat, largest_at, piled, share, sum } from "./report";
import { AsTable, Table } from "./Table";
import { date_of, moment_of, stretch_of } from "./times";
import { useStudioWords, type StudioWords } from "./words";

interface Props {
  report: AnalyticsReport;
}

const refused_of = (commands: AnalyticsCommands): number =>
  commands.rejected + commands.version_mismatch + commands.linked_failed;

function useFormats() {
  const language = useStore(language_store);
  return useMemo(() => {
    const number = new Intl.NumberFormat(language);
    const percent = new Intl.NumberFormat(language, { style: "percent", maximumFractionDigits: 0 });
    return {
      language, number: (n: number) => number.format(n), percent: (n: number) => percent.format(n),
      date: (day: string) => date_of(day, language),
    };
  }, [language]);
}

const reason_text = (reason: string | null, s: StudioWords) => (reason === null ? s.others : reason || s.no_reason);

export function Summary({ report }: Props) {
  const s = useStudioWords();
  const { number, percent, date } = useFormats();
  const { days } = report;
  const best = days[largest_at(days.map((day) => day.active))];
  const applied = sum(days.map((day) => day.commands.applied));
  const refused = sum(days.map((day) => refused_of(day.commands)));
  const part = share(refused, applied + refused);
  const cards: [string, string, string][] = [
    [s.best_day, best === undefined ? "0" : number(best.active), best === undefined ? s.nobody : date(best.day)],
    [s.newcomers, number(sum(days.map((day) => day.first_time))), s.in_days(days.length)],
    [s.raids_begun, number(sum(days.map((day) => day.raids))), s.in_days(days.length)],
    [s.applied, number(applied), s.in_days(days.length)],
    [s.refused, number(refused), part === null ? s.in_days(days.length) : s.refused_share(percent(part))],
  ];
  return <KeyFigures cards={cards} />;
}

export function Actives({ report }: Props) {
  const s = useStudioWords();
  const { number, date } = useFormats();
  const days = useMemo(() => report.days.map(({ day }) => day), [report]);
  const series = useMemo<Series[]>(() => [
    { name: s.first_time, colour: "c2", values: report.days.map((day) => day.first_time) },
    { name: s.active, colour: "c1", values: report.days.map((day) => day.active) },
  ], [report, s]);
  const most = Math.max(...report.days.map((day) => day.active));
  return (
    <section class="card" aria-labelledby="actives">
      <h2 id="actives" class="h-card">{s.actives}</h2>
      <Chart label={s.actives_label(date(report.from), date(report.to), most)} days={days} series={series} />
      <AsTable
        label={s.actives} heads={[s.day, s.active, s.first_time]}
        rows={report.days.map((day) => [date(day.day), number(day.active), number(day.first_time)])}
      />
    </section>
  );
}

/** A table already, whose colours only repeat its figures. */
export function Retention({ report }: Props) {
  const s = useStudioWords();
  const { number, percent, date } = useFormats();
  const cell = (count: number | null, of: number) => {
    const part = share(count, of);
    if (part === null || count === null) return <span class="faint" title={s.not_over}><span aria-hidden="true">–</span><span class="vh">{s.not_over}</span></span>;
    return <span class={`heat heat-${heat(part)}`}>{percent(part)} <small>{number(count)}</small></span>;
  };
  return (
    <section class="card" aria-labelledby="retention">
      <h2 id="retention" class="h-card">{s.retention}</h2>
      <p class="hint">{s.retention_hint}</p>
      {report.retention.length === 0 ? <p class="quiet">{s.retention_none}</p> : (
        <Table
          label={s.retention} heads={[s.cohort, s.players, s.day_n(1), s.day_n(7), s.day_n(30)]}
          rows={report.retention.map((one) => [
            date(one.cohort), number(one.accounts), cell(one.day_1, one.accounts), cell(one.day_7, one.accounts),
            cell(one.day_30, one.accounts),
          ])}
        />
      )}
    </section>
  );
}

const outcomes_of = (s: StudioWords) => [
  ["applied", s.done, "c3"], ["rejected", s.rejected, "c4"], ["version_mismatch", s.mismatch, "c6"],
  ["linked_failed", s.linked, "c5"],
] as const;

export function Commands({ report }: Props) {
  const s = useStudioWords();
  const { number, date } = useFormats();
  const days = useMemo(() => report.days.map(({ day }) => day), [report]);
  const outcomes = outcomes_of(s);
  const series = useMemo<Series[]>(() => {
    const values = outcomes.map(([key]) => report.days.map((day) => day.commands[key]));
    const piles = piled(values);
    // The highest first: the lower ones are drawn over it.
    return outcomes.map(([, name, colour], at) => ({
      name, colour, values: values[at] ?? [], drawn: piles[at] ?? [],
    })).reverse();
  }, [report, s]);
  const all = sum(report.days.map((day) => day.commands.applied + refused_of(day.commands)));
  const heads = outcomes.map(([, name]) => name);
  const counts = (commands: AnalyticsCommands) => outcomes.map(([key]) => number(commands[key]));
  return (
    <section class="card" aria-labelledby="commands">
      <h2 id="commands" class="h-card">{s.commands}</h2>
      <p class="hint">{s.outcomes_hint}</p>
      <Chart label={s.commands_label(date(report.from), date(report.to), all)} days={days} series={series} bars />
      <AsTable
        label={s.commands} heads={[s.day, ...heads]}
        rows={report.days.map((day) => [date(day.day), ...counts(day.commands)])}
      />
      {report.reasons.length > 0 && (
        <>
          <h3 class="part">{s.reasons}</h3>
          <Table
            label={s.reasons} heads={[s.reason, ...heads]}
            rows={report.reasons.map((one) => [reason_text(one.reason, s), ...counts(one)])}
          />
        </>
      )}
    </section>
  );
}

const name_of = (field: AnalyticsField): string => `${field.kind}.${field.field}`;

export function Economy({ report }: Props) {
  const s = useStudioWords();
  const [chosen, choose] = useState("");
  const shown = report.economy.find((field) => name_of(field) === chosen) ?? report.economy[0];
  return (
    <section class="card" aria-labelledby="economy">
      <h2 id="economy" class="h-card">{s.economy}</h2>
      {shown === undefined ? <p class="quiet">{s.economy_none}</p> : (
        <>
          <p class="hint">{s.economy_hint}</p>
          <div class="field pick">
            <label for="economy-field">{s.field}</label>
            <select
              class="input" id="economy-field" value={name_of(shown)}
              onChange={(event) => choose(event.currentTarget.value)}
            >
              {report.economy.map((field) => <option key={name_of(field)}>{name_of(field)}</option>)}
            </select>
          </div>
          <Field report={report} field={shown} />
          {report.economy_left_out > 0 && <p class="hint">{s.economy_more(report.economy_left_out)}</p>}
        </>
      )}
    </section>
  );
}

function Field({ report, field }: Props & { field: AnalyticsField }) {
  const s = useStudioWords();
  const { number, date } = useFormats();
  const days = useMemo(() => report.days.map(({ day }) => day), [report]);
  const series = useMemo<Series[]>(() => {
    const out = field.days.map((day) => day.out);
    return [
      { name: s.amount_out, colour: "c5", values: out, drawn: out.map((amount) => -amount) },
      { name: s.amount_in, colour: "c3", values: field.days.map((day) => day.in) },
    ];
  }, [field, s]);
  const flow = (one: { in: number; out: number }) => [number(one.in), number(one.out), number(one.in - one.out)];
  const heads = [s.amount_in, s.amount_out, s.balance];
  return (
    <>
      <Chart label={s.economy_label(name_of(field), field.in, field.out)} days={days} series={series} bars />
      <AsTable
        label={`${s.economy}, ${name_of(field)}`} heads={[s.day, ...heads]}
        rows={field.days.map((day, at) => [date(days[at] ?? report.from), ...flow(day)])}
      />
      <h3 class="part">{s.reasons}</h3>
      <Table
        label={`${s.reasons}, ${name_of(field)}`} heads={[s.reason, ...heads]}
        rows={field.reasons.map((one) => [reason_text(one.reason, s), ...flow(one)])}
      />
    </>
  );
}

export function Raids({ report }: Props) {
  const s = useStudioWords();
  const { language, number } = useFormats();
  return (
    <section class="card" aria-labelledby="raids">
      <h2 id="raids" class="h-card">{s.raids}</h2>
      {report.raids.length === 0 ? <p class="quiet">{s.raids_none}</p> : (
        <>
          <p class="hint">{s.raids_hint}</p>
          <Table
            label={s.raids} heads={[s.arena, s.started, s.lasted, s.players, s.applied, s.refused]} words={2}
            rows={report.raids.map((raid) => [
              raid.arena, moment_of(raid.started_ms, language), stretch_of(raid.ended_ms - raid.started_ms),
              number(raid.participants), number(raid.applied), number(raid.refused),
            ])}
          />
        </>
      )}
    </section>
  );
}
