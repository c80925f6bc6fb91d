// A labelled input or choice with its hint, or with what is wrong in place of it.
import type { ComponentChildren } from "preact";
import { Icon } from "./Icon";

interface Props {
  id: string;
  label: string;
  value: string;
  on_input: (value: string) => void;
  hint?: string;
  wrong?: string | null;
  type?: "text" | "password";
  autocomplete?: string;
  max?: number;
  lower?: boolean;
  /** For several lines. */
  rows?: number;
  /** For one of them: values and what they are called. */
  options?: readonly (readonly [string, string])[];
  children?: ComponentChildren;
}

export function Field(props: Props) {
  const { id, wrong, hint, on_input } = props;
  const common = {
    class: "input", id, value: props.value, "aria-invalid": Boolean(wrong),
    "aria-describedby": wrong || hint ? `${id}-hint` : undefined,
  };
  return (
    <div class="field">
      <label for={id}>{props.label}</label>
      {props.options !== undefined ? (
        <select {...common} onChange={(event) => on_input(event.currentTarget.value)}>
          {props.options.map(([value, label]) => <option key={value} value={value}>{label}</option>)}
        </select>
      ) : props.rows !== undefined ? (
        <textarea
          {...common} dir="auto" rows={props.rows}
          onInput={(event) => on_input(event.currentTarget.value)}
        />
      ) : (
        <input
          {...common} name={id} type={props.type ?? "text"} maxLength={props.max}
          dir={props.lower ? "ltr" : "auto"} autocomplete={props.autocomplete ?? "off"}
          autocapitalize={props.lower ? "none" : undefined} spellcheck={props.lower ? false : undefined}
          onInput={(event) => on_input(event.currentTarget.value)}
        />
      )}
      {wrong ? (
        <p class="hint bad" id={`${id}-hint`}>
          <Icon name="warn" />
          {wrong}
        </p>
      ) : (
        hint && <p class="hint" id={`${id}-hint`}>{hint}</p>
      )}
      {props.children}
    </div>
  );
}
