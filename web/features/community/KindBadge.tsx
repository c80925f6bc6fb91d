// What kind of community it is, where that is worth a word.
import type { Community } from "../../../sdk/ts/src/index";
import { useTexts } from "../../lib/i18n";

export function KindBadge({ kind }: { kind: Community["kind"] }) {
  const t = useTexts();
  if (kind === "official") return <span class="badge info">{t.communities.official}</span>;
  if (kind === "announcement") return <span class="badge info">{t.communities.announcement}</span>;
  return null;
}
