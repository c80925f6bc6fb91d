// What goes with a post besides its words: a feeling, the mark of a spoiler, a tag.
import type { Me } from "../../../sdk/ts/src/index";
import { useTexts } from "../../lib/i18n";
import { code_point_count, tag_max } from "../../lib/text";
import { Face } from "../../ui/Face";

export interface ExtrasValue {
  feeling: number;
  spoiler: boolean;
  tag: string;
}

interface Props {
  id: string;
  me: Me;
  value: ExtrasValue;
  locked: boolean;
  /** The tag of what has no other; empty for none. */
  tag: string;
  on_change: (value: ExtrasValue) => void;
}

const feelings = [0, 1, 2, 3, 4, 5];

export function Extras({ id, me, value, locked, tag, on_change }: Props) {
  const t = useTexts();
  const change = (part: Partial<ExtrasValue>) => !locked && on_change({ ...value, ...part });
  const long = code_point_count(value.tag.trim()) > tag_max;
  return (
    <>
      <div class="feel" role="group" aria-label={t.composer.feeling}>
        {feelings.map((feeling) => (
          <button
            key={feeling} type="button" aria-label={t.feeling(feeling)} title={t.feeling(feeling)}
            aria-pressed={value.feeling === feeling} onClick={() => change({ feeling })}
          >
            <Face face={me.face} feeling={feeling} />
          </button>
        ))}
      </div>
      <label class="check">
        <input
          type="checkbox" role="switch" checked={value.spoiler} disabled={locked}
          onChange={(event) => change({ spoiler: event.currentTarget.checked })}
        />
        {t.post.spoiler}
      </label>
      <div class="tag-field">
        <label class="vh" for={`${id}-tag`}>{t.post.tag}</label>
        <input
          id={`${id}-tag`} class="input" dir="auto" value={value.tag} placeholder={tag === "" ? t.post.tag : tag}
          readOnly={locked}
          aria-invalid={long} autocomplete="off"
          onInput={(event) => change({ tag: event.currentTarget.value })}
        />
      </div>
    </>
  );
}
