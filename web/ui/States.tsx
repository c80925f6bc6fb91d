// Loading, and the places where there is nothing to show: an unlit lantern and a sentence.
import type { ComponentChildren } from "preact";
import { useTexts } from "../lib/i18n";
import { Lantern } from "./Lantern";

interface StateProps {
  title: string;
  text?: string;
  lit?: boolean;
  alert?: boolean;
  children?: ComponentChildren;
  level?: 1 | 2;
}

export function Notice({ title, text, lit, alert, children, level }: StateProps) {
  const Heading = level === 1 ? "h1" : "h2";
  return (
    <div class="card state" role={alert ? "alert" : undefined}>
      <Lantern lit={lit ?? false} />
      <Heading tabIndex={level === 1 ? -1 : undefined}>{title}</Heading>
      {text !== undefined && <p>{text}</p>}
      {children}
    </div>
  );
}

/** Where posts will be. */
export function Skeleton({ count }: { count: number }) {
  const t = useTexts();
  return (
    <div class="stack" role="status" aria-label={t.app.loading}>
      {Array.from({ length: count }, (_, i) => (
        <div class="card skeleton" key={i} aria-hidden="true">
          <span class="skel round" />
          <div class="stack grow">
            <span class="skel short" />
            <span class="skel" />
            <span class="skel middle" />
          </div>
        </div>
      ))}
    </div>
  );
}
