// Somebody makes a community under a title, or changes theirs.
import type { Community, Me, Reply, Title } from "../../../sdk/ts/src/index";
import { client } from "../../app/client";
import { go } from "../../app/router";
import { useTexts, type Texts } from "../../lib/i18n";
import { name_in } from "../../lib/names";
import { language_store } from "../../lib/prefs";
import { useStore } from "../../lib/store";
import { Field } from "../../ui/Field";
import { say } from "../../ui/toast";
import { FormPage, ForMembers, NoForm } from "./FormPage";
import { Loaded } from "./Loaded";
import { NamesField, new_name } from "./NamesField";
import {
  changes, community_fields, community_of, is_admin, may_change, owns_enough, wrong_community,
  type CommunityFields,
} from "./rules";
import { useForm, type Form } from "./useForm";

const communities_count = 100;

/** Somebody's own communities of a title are among these, unless hundreds came since. */
const user_made = (title: string) =>
  client.communities.list({ title, kind: "user", limit: communities_count });

interface Under {
  title: Title;
  communities: Community[];
}

async function load_under(id: string): Promise<Reply<Under>> {
  const [title, made] = await Promise.all([client.communities.title(id), user_made(id)]);
  if (!title.ok) return title;
  if (!made.ok) return made;
  return { ...title, value: { title: title.value, communities: made.value.communities } };
}

export function NewCommunity({ title }: { title: string }) {
  const t = useTexts();
  return (
    <ForMembers title={t.forms.new_community}>
      {(me) => (
        <Loaded load={() => load_under(title)}>
          {(under) => owns_enough(under.communities, me) && !is_admin(me) ? (
            <NoForm
              title={t.forms.full_title} text={t.forms.full}
              back={`/communities/${under.title.main_community}`}
            />
          ) : <NewFields me={me} title={under.title} key={me.id} />}
        </Loaded>
      )}
    </ForMembers>
  );
}

function NewFields({ me, title }: { me: Me; title: Title }) {
  const t = useTexts();
  const language = useStore(language_store);
  const start: CommunityFields = {
    kind: "user", names: [new_name([], language)], description: "", takes: "both", who_posts: "everyone",
  };
  const content = ({ kind, ...fields }: CommunityFields) =>
    ({ title: title.id, kind, ...community_of({ kind, ...fields }) });
  const form = useForm<CommunityFields, Community>({
    account: me.id, place: `community-${title.id}`, start, check: wrong_community, content,
    send: (fields, idempotency_key) => client.communities.create({ ...content(fields), idempotency_key }),
    on_done: (made) => {
      say(t.forms.made(name_in(made.names, language).text));
      go(`/communities/${made.id}`);
    },
    // The code may be that of a rate as well.
    explain: async (code) => {
      const made = code === "exhausted" ? await user_made(title.id) : null;
      return made?.ok === true && owns_enough(made.value.communities, me) ? t.forms.full : null;
    },
  });
  return (
    <FormPage
      title={t.forms.new_community_of(name_in(title.names, language).text)} action={t.forms.make}
      back={`/communities/${title.main_community}`} form={form}
    >
      {is_admin(me) && (
        <Field
          id="kind" label={t.forms.kind} value={form.fields.kind} wrong={form.wrong["kind"]}
          options={[
            ["user", t.forms.kind_user], ["official", t.forms.kind_official],
            ["announcement", t.forms.kind_announcement],
          ]}
          on_input={(kind) => form.change({
            kind: kind as CommunityFields["kind"], who_posts: kind === "announcement" ? "staff" : "everyone",
          })}
        />
      )}
      <CommonFields form={form} />
    </FormPage>
  );
}

export function ChangeCommunity({ id }: { id: string }) {
  const t = useTexts();
  return (
    <ForMembers title={t.forms.change}>
      {(me) => (
        <Loaded load={() => client.communities.get(id)}>
          {(community) => may_change(community, me) ? <ChangedFields me={me} community={community} key={me.id} />
            : <NoForm title={t.forms.denied_title} text={t.forms.denied} back={`/communities/${id}`} />}
        </Loaded>
      )}
    </ForMembers>
  );
}

function ChangedFields({ me, community }: { me: Me; community: Community }) {
  const t = useTexts();
  const language = useStore(language_store);
  const start = community_fields(community);
  const content = (fields: CommunityFields) => changes(community_of(start), community_of(fields));
  const place = `/communities/${community.id}`;
  const form = useForm<CommunityFields, Community>({
    account: me.id, place: `change-${community.id}`, start, check: wrong_community, content,
    send: async (fields) => {
      const change = content(fields);
      if (Object.keys(change).length === 0) return { ok: true, value: community, stale: false };
      return client.communities.change(community.id, change);
    },
    on_done: () => {
      say(t.settings.saved);
      go(place);
    },
  });
  return (
    <FormPage
      title={t.forms.change_of(name_in(community.names, language).text)} action={t.settings.save} back={place}
      form={form}
    >
      <CommonFields form={form} />
    </FormPage>
  );
}

// Who owns a community has a say in it; where nobody does, the staff have.
function posters({ kind, who_posts }: CommunityFields, t: Texts) {
  const all = [
    ["everyone", t.forms.who_everyone], ["owner", t.forms.who_owner], ["staff", t.forms.who_staff],
  ] as const;
  const odd = kind === "user" ? "staff" : "owner";
  return all.filter(([value]) => value !== odd || value === who_posts);
}

function CommonFields({ form }: { form: Form<CommunityFields> }) {
  const t = useTexts();
  const { fields, wrong, change } = form;
  return (
    <>
      <NamesField names={fields.names} wrong={wrong} on_change={(names) => change({ names })} />
      <Field
        id="description" label={t.forms.description} value={fields.description} hint={t.forms.description_hint}
        wrong={wrong["description"]} rows={4} on_input={(description) => change({ description })}
      />
      <Field
        id="takes" label={t.forms.takes} value={fields.takes} wrong={wrong["takes"]}
        options={[
          ["both", t.forms.takes_both], ["text", t.forms.takes_text], ["drawing", t.forms.takes_drawing],
        ]}
        on_input={(takes) => change({ takes: takes as CommunityFields["takes"] })}
      />
      <Field
        id="who-posts" label={t.forms.who_posts} value={fields.who_posts} hint={t.forms.who_hint}
        wrong={wrong["who-posts"]} options={posters(fields, t)}
        on_input={(who) => change({ who_posts: who as CommunityFields["who_posts"] })}
      />
    </>
  );
}
