// Who may do what with titles and communities, and what they may say, as the server has it: so that
// only buttons that work are shown, and what is wrong is said at its field.
import type {
  Community, CommunityChange, Failure, Me, Names, NewTitle, Title, TitleChange,
} from "../../../sdk/ts/src/index";
import type { Texts } from "../../lib/i18n";
import { clean_post_text, clean_tag, code_point_count } from "../../lib/text";

export const name_count_max = 16;
export const name_max = 128;
export const description_max = 500;
export const publisher_max = 80;
export const platform_count_max = 16;
export const platform_max = 40;
export const crest_bytes_max = 64;
/** Communities of one's own in one title. */
export const owned_max = 4;

type Asking = Pick<Me, "id" | "role"> | null;

export const is_admin = (me: Asking): boolean => me?.role === "admin";
export const is_staff = (me: Asking): boolean => me?.role === "moderator" || is_admin(me);

export function may_change(community: Pick<Community, "kind" | "owner">, me: Asking): boolean {
  if (me === null) return false;
  if (community.kind !== "user") return is_admin(me);
  return community.owner?.id === me.id || is_staff(me);
}

/** Whether no more of a title's communities may be one's own, as far as `known` tells. */
export function owns_enough(known: readonly Community[], me: Asking): boolean {
  return known.filter((one) => one.kind === "user" && one.owner?.id === me?.id).length >= owned_max;
}

export interface Name {
  language: string;
  text: string;
}

export const names_of = (names: Names): Name[] =>
  Object.entries(names).map(([language, text]) => ({ language, text }));

/** The fields of a form, as its inputs hold them. */
export interface TitleFields {
  names: Name[];
  crest: string;
  publisher: string;
  /** One a line. */
  platforms: string;
}

export interface CommunityFields {
  kind: "user" | "official" | "announcement" | "main";
  names: Name[];
  description: string;
  takes: "both" | "text" | "drawing";
  who_posts: Community["who_posts"];
}

/** By the id of the input; `form` for what is wrong with none of them. */
export type Wrong = Partial<Record<string, string>>;

export const title_fields = (title: Title): TitleFields => ({
  names: names_of(title.names), crest: title.crest, publisher: title.publisher,
  platforms: title.platforms.join("\n"),
});

export const community_fields = (community: Community): CommunityFields => ({
  kind: community.kind, names: names_of(community.names), description: community.description,
  takes: community.post_kinds.length > 1 ? "both" : community.post_kinds[0] ?? "both",
  who_posts: community.who_posts,
});

/** What is sent of the fields. */
export function title_of(fields: TitleFields): Required<Omit<NewTitle, "idempotency_key">> {
  return {
    names: sent_names(fields.names), crest: clean_tag(fields.crest), publisher: clean_tag(fields.publisher),
    platforms: fields.platforms.split("\n").map(clean_tag).filter((one) => one !== ""),
  };
}

export function community_of(fields: CommunityFields): Required<Omit<CommunityChange, "name">> {
  return {
    names: sent_names(fields.names), description: clean_post_text(fields.description),
    post_kinds: fields.takes === "both" ? ["text", "drawing"] : [fields.takes], who_posts: fields.who_posts,
  };
}

const sent_names = (names: readonly Name[]): Names =>
  Object.fromEntries(names.map(({ language, text }) => [language, clean_tag(text)]));

/** What of `after` is another than in `before`. */
export function changes<T extends TitleChange | CommunityChange>(before: T, after: T): Partial<T> {
  const differs = (key: keyof T) => JSON.stringify(before[key]) !== JSON.stringify(after[key]);
  return Object.fromEntries((Object.keys(after) as (keyof T)[])
    .filter(differs).map((key) => [key, after[key]])) as Partial<T>;
}

function wrong_names(names: readonly Name[], t: Texts): Wrong {
  const wrong: Wrong = {};
  const seen = new Set<string>();
  names.forEach(({ language, text }, at) => {
    const letters = code_point_count(clean_tag(text));
    if (letters < 1 || letters > name_max) wrong[`name-${at}`] = t.forms.name_bad;
    else if (seen.has(language.toLowerCase())) wrong[`name-${at}`] = t.forms.name_twice;
    seen.add(language.toLowerCase());
  });
  return wrong;
}

// As people see them. A browser that cannot tell leaves it to the server.
function character_count(text: string): number {
  if (!("Segmenter" in Intl)) return Math.min(1, text.length);
  return [...new Intl.Segmenter().segment(text)].length;
}

export function wrong_title(fields: TitleFields, t: Texts): Wrong {
  const { crest, publisher, platforms } = title_of(fields);
  const wrong = wrong_names(fields.names, t);
  if (character_count(crest) > 1 || new TextEncoder().encode(crest).length > crest_bytes_max) {
    wrong["crest"] = t.forms.crest_hint;
  }
  if (code_point_count(publisher) > publisher_max) wrong["publisher"] = t.forms.publisher_bad;
  const is_long = platforms.some((one) => code_point_count(one) > platform_max);
  if (platforms.length > platform_count_max || is_long) wrong["platforms"] = t.forms.platforms_hint;
  return wrong;
}

export function wrong_community(fields: CommunityFields, t: Texts): Wrong {
  const wrong = wrong_names(fields.names, t);
  if (code_point_count(community_of(fields).description) > description_max) {
    wrong["description"] = t.forms.description_hint;
  }
  return wrong;
}

const inputs: Record<string, string> = {
  name: "name-0", names: "name-0", platform: "platforms", platforms: "platforms", publisher: "publisher",
  crest: "crest", description: "description", kind: "kind", post_kinds: "takes", who_posts: "who-posts",
};

/** Where a refusal belongs: the server begins it with the name of the field. */
export function wrong_place(failure: Failure): string {
  const field = /^[a-z_]+/.exec(failure.detail)?.[0] ?? "";
  return failure.code === "invalid" ? inputs[field] ?? "form" : "form";
}
