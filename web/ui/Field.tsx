// A labelled input with its hint, or with what is wrong in place of it.
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
  children?: ComponentChildren;
}

export function Field(props: Props) {
  const { id, wrong, hint } = props;
  return (
    <div class="field">
      <label for={id}>{props.label}</label>
      <input
        class="input" id={id} name={id} type={props.type ?? "text"} value={props.value}
        dir={props.lower ? "ltr" : "auto"} autocomplete={props.autocomplete ?? "off"} aria-invalid={Boolean(wrong)}
        aria-describedby={wrong || hint ? `${id}-hint` : undefined} maxLength={props.max}
        autocapitalize={props.lower ? "none" : undefined} spellcheck={props.lower ? false : undefined}
        onInput={(event) => props.on_input(event.currentTarget.value)}
      />
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
