// One's face, a part at a time: choose the part, then one of the faces that differ only in it.
import { useState } from "preact/hooks";
import type { Me } from "../../../sdk/ts/src/index";
import { client } from "../../app/client";
import { expired, signed_in } from "../../app/session";
import { failure_text } from "../../lib/failure";
import { useTexts, type Texts } from "../../lib/i18n";
import { Face } from "../../ui/Face";
import { Field } from "../../ui/Field";
import { say } from "../../ui/toast";
import { choice_of, choices, genes, random_face, with_gene, type Gene } from "./genes";

const parts = genes.map(([name]) => name).filter((name): name is Gene => name !== "spare");

function part_name(gene: Gene, t: Texts): string {
  switch (gene) {
    case "skin": return t.face.skin;
    case "head": return t.face.head;
    case "hair": return t.face.hair;
    case "hair_colour": return t.face.hair_colour;
    case "eyes": return t.face.eyes;
    case "eye_gap": return t.face.eye_gap;
    case "eye_y": return t.face.eye_y;
    case "eye_size": return t.face.eye_size;
    case "brows": return t.face.brows;
    case "brow_y": return t.face.brow_y;
    case "nose": return t.face.nose;
    case "mouth": return t.face.mouth;
    case "mouth_y": return t.face.mouth_y;
    case "glasses": return t.face.glasses;
    case "glass_colour": return t.face.glass_colour;
    case "cheeks": return t.face.cheeks;
    case "freckles": return t.face.freckles;
    case "beard": return t.face.beard;
    case "robe": return t.face.robe;
    case "collar": return t.face.collar;
    case "pattern": return t.face.pattern;
    case "extra": return t.face.extra;
    case "extra_colour": return t.face.extra_colour;
  }
}

export function FaceEditor({ me, on_close }: { me: Me; on_close: () => void }) {
  const t = useTexts();
  const [face, set_face] = useState(me.face);
  const [part, set_part] = useState<Gene>("hair");
  const [feeling, set_feeling] = useState(0);
  const [busy, set_busy] = useState(false);
  const all = choices(part);
  const now = choice_of(face, part);

  async function save() {
    if (busy) return;
    set_busy(true);
    const reply = await client.accounts.change({ face });
    set_busy(false);
    if (!reply.ok) return void (expired(reply.failure) || say(failure_text(reply.failure, t)));
    signed_in(reply.value);
    say(t.settings.saved);
    on_close();
  }
  return (
    <div class="face-editor stack">
      <div class="face-preview">
        <Face face={face} feeling={feeling} class="big" />
        <div class="feel" role="group" aria-label={t.composer.feeling}>
          {[0, 1, 2, 3, 4, 5].map((one) => (
            <button
              key={one} type="button" aria-label={t.feeling(one)} title={t.feeling(one)}
              aria-pressed={feeling === one} onClick={() => set_feeling(one)}
            >
              <Face face={face} feeling={one} />
            </button>
          ))}
        </div>
      </div>
      <Field
        id="face-part" label={t.face.part} value={part} on_input={(gene) => set_part(gene as Gene)}
        options={parts.map((gene) => [gene, part_name(gene, t)])}
      />
      <div class="genes" role="group" aria-label={part_name(part, t)}>
        {all.map((value, index) => (
          <button
            key={`${part} ${value}`} type="button" aria-pressed={value === now}
            aria-label={t.face.choice(part_name(part, t), index + 1, all.length)}
            onClick={() => set_face(with_gene(face, part, value))}
          >
            <Face face={with_gene(face, part, value)} feeling={feeling} />
          </button>
        ))}
      </div>
      <div class="row wrap">
        <button type="button" class="btn btn-main" aria-busy={busy} onClick={() => void save()}>
          {t.face.save}
        </button>
        <button type="button" class="btn" onClick={() => set_face(random_face())}>{t.face.other}</button>
        <button type="button" class="btn btn-bare" onClick={on_close}>{t.app.cancel}</button>
      </div>
    </div>
  );
}
