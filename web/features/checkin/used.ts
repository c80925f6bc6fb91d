// How many tickets somebody used for a programme, as far as this device knows: with too many, all that
// they have there would be void.
import { keep, kept } from "../../lib/storage";

const name = "matsuri-checkin-tickets";
const programmes_max = 16;

type Counts = [who_and_what: string, count: number][];

function read(): Counts {
  try {
    const counts = JSON.parse(kept(name) ?? "[]") as Counts;
    return counts.filter(([key, count]) => typeof key === "string" && typeof count === "number");
  } catch {
    return [];
  }
}

export function used_tickets(account: string, programme: string) {
  const key = `${account} ${programme}`;
  const count = () => read().find(([other]) => other === key)?.[1] ?? 0;
  return {
    count,
    add: () => {
      const counts: Counts = [[key, count() + 1], ...read().filter(([other]) => other !== key)];
      keep(name, JSON.stringify(counts.slice(0, programmes_max)));
    },
  };
}
