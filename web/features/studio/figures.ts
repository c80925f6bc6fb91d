// Figures as the control room writes them, by Intl.
import { useMemo } from "preact/hooks";
import { language_store } from "../../lib/prefs";
import { useStore } from "../../lib/store";

export function useFigures() {
  const language = useStore(language_store);
  return useMemo(() => {
    const number = new Intl.NumberFormat(language);
    const low = new Intl.NumberFormat(language, { maximumSignificantDigits: 2 });
    const percent = new Intl.NumberFormat(language, { style: "percent", maximumFractionDigits: 1 });
    const time = new Intl.DateTimeFormat(language, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
    const day = new Intl.DateTimeFormat(language, { dateStyle: "medium" });
    return {
      number: (n: number) => number.format(n),
      /** Two digits where there are few, so that one attempt in a minute is not none. */
      rate: (n: number) => (n < 10 ? low : number).format(n < 10 ? n : Math.round(n)),
      percent: (n: number) => percent.format(n),
      time: (ms: number) => time.format(ms),
      day: (ms: number) => day.format(ms),
    };
  }, [language]);
}
