// A small menu behind a button: arrow keys move, Escape and a press elsewhere close it.
import { useEffect, useRef, useState } from "preact/hooks";
import { Icon, type IconName } from "./Icon";

export interface MenuItem {
  label: string;
  icon: IconName;
  run: () => void;
}

export function Menu({ label, items }: { label: string; items: MenuItem[] }) {
  const [open, set_open] = useState(false);
  const place = useRef<HTMLDivElement>(null);
  const button = useRef<HTMLButtonElement>(null);
  const entries = () =>
    Array.from(place.current?.querySelectorAll<HTMLButtonElement>("[role=menuitem]") ?? []);

  useEffect(() => {
    if (!open) return;
    entries()[0]?.focus();
    const press = (event: PointerEvent) => {
      if (!place.current?.contains(event.target as Node)) set_open(false);
    };
    document.addEventListener("pointerdown", press);
    return () => document.removeEventListener("pointerdown", press);
  }, [open]);

  function key(event: KeyboardEvent) {
    if (!open) return;
    const all = entries();
    const at = all.indexOf(document.activeElement as HTMLButtonElement);
    if (event.key === "Escape") {
      set_open(false);
      button.current?.focus();
    } else if (event.key === "ArrowDown") all[(at + 1) % all.length]?.focus();
    else if (event.key === "ArrowUp") all[(at - 1 + all.length) % all.length]?.focus();
    else if (event.key === "Tab") set_open(false);
    else return;
    if (event.key !== "Tab") event.preventDefault();
  }

  return (
    <div class="menu" ref={place} onKeyDown={key}>
      <button
        ref={button} type="button" class="btn btn-icon" aria-label={label} aria-haspopup="menu"
        aria-expanded={open} onClick={() => set_open(!open)}
      >
        <Icon name="more" />
      </button>
      {open && (
        <div class="menu-list" role="menu" aria-label={label}>
          {items.map((item) => (
            <button
              key={item.label} type="button" role="menuitem" tabIndex={-1}
              onClick={() => {
                set_open(false);
                button.current?.focus();
                item.run();
              }}
            >
              <Icon name={item.icon} />
              {item.label}
            </button>
          ))}
        </div>
      )}
    </div>
  );
}
