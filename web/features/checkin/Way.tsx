// The way to check-in, from other pages: there where something is on, or comes.
import { useEffect, useState } from "preact/hooks";
import type { Programme } from "../../../sdk/ts/src/index";
import { client } from "../../app/client";
import { useTexts } from "../../lib/i18n";
import { Lantern } from "../../ui/Lantern";

/** None where there are none, or that is not known. */
export function useProgrammes(): readonly Programme[] {
  const [programmes, set_programmes] = useState<readonly Programme[]>([]);
  useEffect(() => {
    let here = true;
    void client.checkin.programmes().then((reply) => here && reply.ok && set_programmes(reply.value.programmes));
    return () => void (here = false);
  }, []);
  return programmes;
}

export function CheckinWay({ programmes }: { programmes: readonly Programme[] }) {
  const t = useTexts();
  const now = Date.now();
  const [programme] = programmes.filter((one) => Date.parse(one.ends_at) > now)
    .sort((a, b) => Date.parse(a.ends_at) - Date.parse(b.ends_at));
  if (programme === undefined) return null;
  return (
    <a class="card title-card common-link" href="/checkin">
      <span class="lamp lit" aria-hidden="true"><Lantern lit /></span>
      <span>
        <b class="title-name">{t.checkin.way(programme.title)}</b><br />
        <span class="small quiet">{t.checkin.way_lead}</span>
      </span>
    </a>
  );
}
