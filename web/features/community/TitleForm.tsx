// An admin makes a title, or changes one.
import type { Me, Title } from "../../../sdk/ts/src/index";
import { client } from "../../app/client";
import { go } from "../../app/router";
import { useTexts } from "../../lib/i18n";
import { name_in } from "../../lib/names";
import { language_store } from "../../lib/prefs";
import { useStore } from "../../lib/store";
import { Field } from "../../ui/Field";
import { say } from "../../ui/toast";
import { FormPage, ForMembers, NoForm } from "./FormPage";
import { Loaded } from "./Loaded";
import { NamesField, new_name } from "./NamesField";
import {
  changes, is_admin, title_fields, title_of, wrong_title, type TitleFields,
} from "./rules";
import { useForm } from "./useForm";

const list = "/communities";

/** With the id of the title to change; without one, makes another. */
export function TitleForm({ id }: { id?: string | undefined }) {
  const t = useTexts();
  return (
    <ForMembers title={t.forms.new_title}>
      {(me) => {
        if (!is_admin(me)) return <NoForm title={t.forms.denied_title} text={t.forms.denied} back={list} />;
        if (id === undefined) return <Fields me={me} title={null} key={me.id} />;
        return (
          <Loaded load={() => client.communities.title(id)}>
            {(title) => <Fields me={me} title={title} key={me.id} />}
          </Loaded>
        );
      }}
    </ForMembers>
  );
}

function Fields({ me, title }: { me: Me; title: Title | null }) {
  const t = useTexts();
  const language = useStore(language_store);
  const start: TitleFields = title !== null ? title_fields(title)
    : { names: [new_name([], language)], crest: "", publisher: "", platforms: "" };
  const content = (fields: TitleFields) =>
    title === null ? title_of(fields) : changes(title_of(title_fields(title)), title_of(fields));
  const form = useForm<TitleFields, Title>({
    account: me.id, place: title === null ? "title" : `title-${title.id}`, start, check: wrong_title, content,
    send: async (fields, idempotency_key) => {
      if (title === null) return client.communities.create_title({ ...title_of(fields), idempotency_key });
      const change = content(fields);
      if (Object.keys(change).length === 0) return { ok: true, value: title, stale: false };
      return client.communities.change_title(title.id, change);
    },
    on_done: (done) => {
      say(title === null ? t.forms.made(name_in(done.names, language).text) : t.settings.saved);
      go(title === null ? `/communities/${done.main_community}` : list);
    },
  });
  const { fields, wrong, change } = form;
  return (
    <FormPage
      title={title === null ? t.forms.new_title : t.forms.change_of(name_in(title.names, language).text)}
      action={title === null ? t.forms.make : t.settings.save} back={list} form={form}
    >
      <NamesField names={fields.names} wrong={wrong} on_change={(names) => change({ names })} />
      <Field
        id="crest" label={t.forms.crest} value={fields.crest} hint={t.forms.crest_hint} wrong={wrong["crest"]}
        on_input={(crest) => change({ crest })}
      />
      <Field
        id="publisher" label={t.forms.publisher} value={fields.publisher} wrong={wrong["publisher"]}
        on_input={(publisher) => change({ publisher })}
      />
      <Field
        id="platforms" label={t.forms.platforms} value={fields.platforms} hint={t.forms.platforms_hint}
        wrong={wrong["platforms"]} rows={3} on_input={(platforms) => change({ platforms })}
      />
    </FormPage>
  );
}
