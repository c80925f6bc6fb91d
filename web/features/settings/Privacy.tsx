// What of oneself others may see. Each switch works at once.
import { useState } from "preact/hooks";
import type { Me, Privacy as Chosen } from "../../../sdk/ts/src/index";
import { client } from "../../app/client";
import { expired, signed_in } from "../../app/session";
import { failure_text } from "../../lib/failure";
import { useTexts } from "../../lib/i18n";
import { say } from "../../ui/toast";

export function Privacy({ me }: { me: Me }) {
  const t = useTexts();
  // What is shown while the answer is on its way.
  const [wanted, set_wanted] = useState<Chosen | null>(null);
  const shown = wanted ?? me.privacy;
  async function change(part: Partial<Chosen>) {
    if (wanted !== null) return;
    const privacy = { ...me.privacy, ...part };
    set_wanted(privacy);
    const reply = await client.accounts.change({ privacy });
    set_wanted(null);
    if (reply.ok) return signed_in(reply.value);
    if (!expired(reply.failure)) say(failure_text(reply.failure, t));
  }
  return (
    <section class="card" aria-labelledby="privacy">
      <h2 id="privacy" class="h-card">{t.settings.privacy}</h2>
      {([["follows", t.settings.show_follows], ["empathies", t.settings.show_empathies]] as const).map(
        ([name, label]) => (
          <label key={name} class="check between">
            <span>{label}</span>
            <input
              type="checkbox" role="switch" checked={shown[name] === "everyone"}
              onChange={(event) =>
                void change({ [name]: event.currentTarget.checked ? "everyone" : "nobody" })}
            />
          </label>
        ))}
    </section>
  );
}
