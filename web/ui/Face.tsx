// A face: drawn by the server from a genome, at an address that carries genome and feeling and so
// never expires.
import { useTexts } from "../lib/i18n";

interface Props {
  /** The genome: 16 hex digits. */
  face: string;
  feeling?: number;
  class?: string;
}

export const face_address = (face: string, feeling = 0): string => `/faces/${face}/${feeling}.svg`;

/** It says nothing to those who do not see it: the name stands beside it. */
export function Face({ face, feeling = 0, class: more = "" }: Props) {
  return (
    <img
      class={`av ${more}`} src={face_address(face, feeling)} width={48} height={48} alt="" decoding="async"
      draggable={false}
    />
  );
}

/** A face whose feeling is said. */
export function FeelingFace({ face, feeling }: { face: string; feeling: number }) {
  const t = useTexts();
  if (feeling === 0) return <Face face={face} />;
  return (
    <img
      class="av" src={face_address(face, feeling)} width={48} height={48} alt={t.feeling(feeling)}
      title={t.feeling(feeling)} decoding="async" draggable={false}
    />
  );
}
