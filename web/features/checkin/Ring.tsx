// How far it is, as light that goes round. What it means is said in words beside it.
import { Icon } from "../../ui/Icon";
import type { Step } from "./attempt";

export function Ring({ step }: { step: Step }) {
  const part = step.is === "watching" ? step.count / step.of : step.is === "sending" || step.is === "done" ? 1 : 0;
  return (
    <div class="ring" style={{ "--p": String(Math.round(100 * part)) }} aria-hidden="true">
      <svg viewBox="0 0 36 36">
        <circle class="track" cx="18" cy="18" r="15.9" pathLength={100} />
        {part > 0 && <circle class="fill" cx="18" cy="18" r="15.9" pathLength={100} />}
      </svg>
      {step.is === "watching" ? (
        <b class="num">{step.count}<span class="xs">/{step.of}</span></b>
      ) : <Mark step={step} />}
    </div>
  );
}

function Mark({ step }: { step: Step }) {
  if (step.is === "sending" || step.is === "done") return <Icon name="check" />;
  if (step.is === "failed" || step.is === "spent") return <Icon name="close" />;
  if (step.is === "again" || step.is === "closed") return <Icon name={step.at_ms === null ? "close" : "clock"} />;
  if (step.is === "asking" || step.is === "looking" || step.is === "ready") return <Icon name="more" />;
  return <Icon name="eye" />;
}
