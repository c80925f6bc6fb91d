// The calls and shapes of the community: titles, communities, posts with drawings, follows, empathy
// and notifications. The shapes are written by hand until api/openapi.yaml has them.
import type { Reply } from "./types";

/** What the calls need of a client. */
export interface Caller {
  read<T>(path: string): Promise<Reply<T>>;
  command<T>(call: Call): Promise<Reply<T>>;
}

export interface Call {
  method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  path: string;
  body?: unknown;
  idempotency_key?: string;
}

export type Who = "everyone" | "nobody";
export interface Privacy { follows: Who; empathies: Who }
/** `face` is a genome of 16 hex digits. */
export interface Author { id: string; handle: string; name: string; face: string }
export interface Account {
  id: string; handle: string; name: string; role: string; created_at: string; bio: string; face: string;
}
export interface Me extends Account { privacy: Privacy }
export interface AccountChange { name?: string; bio?: string; face?: string; privacy?: Privacy }

export type Names = Partial<Record<string, string>>;
export interface Title {
  id: string; names: Names; platforms: string[]; publisher: string; crest: string;
  main_community: string; created_at: string;
}
export interface Community {
  id: string; title: string | null; kind: "main" | "official" | "user" | "announcement";
  owner: Author | null; names: Names; description: string; post_kinds: ("text" | "drawing")[];
  who_posts: "everyone" | "staff" | "owner"; created_at: string;
}

export interface DrawingAddresses { svg: string; png: string; strokes: string }
export interface Post {
  id: string; community: string; parent: string | null; author: Author; text: string;
  drawing: DrawingAddresses | null; feeling: number; spoiler: boolean; tag: string | null;
  language: string | null; created_at: string; edited_at: string | null; comment_count: number;
  empathy_count: number; empathized: boolean; mine: boolean;
}
/** The answer to a command that takes effect in a moment. */
export interface Accepted { durability: "local"; position?: string }
export type CreatedPost = Post & Accepted;
export interface PostPage { posts: Post[]; next: string | null }
export interface PeoplePage { people: Author[]; next: string | null }

export interface DrawnStroke { pen: 1 | 2 | 3; eraser: boolean; points: number[] }
export interface PostContent {
  text?: string; drawing?: { strokes: readonly DrawnStroke[] }; feeling?: number; spoiler?: boolean;
  tag?: string; language?: string;
}
/** A post in a community, or a comment below a post. */
export interface NewPost extends PostContent {
  community?: string;
  parent?: string;
  /** Made once for a post, and the same for each retry of it. */
  idempotency_key: string;
}
export interface PostChange { text?: string; feeling?: number; spoiler?: boolean; tag?: string | null }

export interface PersonRelation {
  post_count: number; follower_count: number; following_count: number; followed: boolean;
  follows_me: boolean;
}
export interface CommunityRelation { post_count: number; follower_count: number; followed: boolean }

export type NoticeKind = "empathy" | "comment" | "thread" | "follow";
export interface Notice {
  id: string; kind: NoticeKind; people: Author[]; people_count: number;
  post: { id: string; text: string; community: string } | null; updated_at: string; unread: boolean;
}
export interface NoticePage { notifications: Notice[]; next: string | null; unread_count: number }
export type NoticeSettings = Record<NoticeKind, boolean>;

/** Counts of a post, as the stream tells them. */
export interface Counts { post: string; empathy_count: number; comment_count: number }

export interface Page { limit?: number; before?: string; after?: string }
export type Sort = "new" | "hot" | "popular";

const segment = encodeURIComponent;

function query(values: Record<string, string | number | undefined>): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(values)) {
    if (value !== undefined) search.set(name, String(value));
  }
  const text = search.toString();
  return text === "" ? "" : `?${text}`;
}

export function post_calls({ read, command }: Caller) {
  return {
    create: ({ community, parent, idempotency_key, ...body }: NewPost) =>
      command<CreatedPost>({
        method: "POST", body, idempotency_key,
        path: parent === undefined ? `/v1/communities/${segment(community ?? "")}/posts`
          : `/v1/posts/${segment(parent)}/comments`,
      }),
    list: (community: string, page: Page & { sort?: Sort; day?: string } = {}) =>
      read<PostPage>(`/v1/communities/${segment(community)}/posts${query({ ...page })}`),
    get: (post: string) => read<Post>(`/v1/posts/${segment(post)}`),
    change: (post: string, change: PostChange) =>
      command<Post & Partial<Accepted>>({ method: "PATCH", path: `/v1/posts/${segment(post)}`, body: change }),
    remove: (post: string) =>
      command<Accepted>({ method: "DELETE", path: `/v1/posts/${segment(post)}` }),
    comments: (post: string, page: Page = {}) =>
      read<PostPage>(`/v1/posts/${segment(post)}/comments${query({ ...page })}`),
    strokes: (address: string) => read<{ strokes: DrawnStroke[] }>(address),
    timeline: (page: Page = {}) => read<PostPage>(`/v1/timeline${query({ ...page })}`),
    empathize: (post: string, on: boolean) =>
      command<{ post: string; empathized: boolean } & Accepted>(
        { method: on ? "PUT" : "DELETE", path: `/v1/posts/${segment(post)}/empathy` }),
    empathies: (post: string, page: Page = {}) =>
      read<PeoplePage>(`/v1/posts/${segment(post)}/empathies${query({ ...page })}`),
  };
}

export function people_calls({ read, command }: Caller) {
  const of = (handle: string): string => `/v1/accounts/${segment(handle)}`;
  return {
    posts: (handle: string, page: Page & { kind?: "all" | "drawing" } = {}) =>
      read<PostPage>(`${of(handle)}/posts${query({ ...page })}`),
    empathies: (handle: string, page: Page = {}) =>
      read<PostPage>(`${of(handle)}/empathies${query({ ...page })}`),
    followers: (handle: string, page: Page = {}) =>
      read<PeoplePage>(`${of(handle)}/followers${query({ ...page })}`),
    following: (handle: string, page: Page = {}) =>
      read<PeoplePage>(`${of(handle)}/following${query({ ...page })}`),
    relation: (handle: string) => read<PersonRelation>(`${of(handle)}/relation`),
    follow: (handle: string, on: boolean) =>
      command<Accepted>(
        { method: on ? "PUT" : "DELETE", path: `/v1/accounts/me/follows/${segment(handle)}` }),
  };
}

export function mute_calls({ read, command }: Caller) {
  return {
    list: () => read<{ mutes: Account[] }>("/v1/accounts/me/mutes"),
    add: (handle: string) =>
      command<null>({ method: "PUT", path: `/v1/accounts/me/mutes/${segment(handle)}` }),
    remove: (handle: string) =>
      command<null>({ method: "DELETE", path: `/v1/accounts/me/mutes/${segment(handle)}` }),
  };
}

export function community_calls({ read, command }: Caller) {
  return {
    titles: (page: Page = {}) =>
      read<{ titles: Title[]; next: string | null }>(`/v1/titles${query({ ...page })}`),
    title: (title: string) => read<Title>(`/v1/titles/${segment(title)}`),
    list: (filter: Page & { title?: string; kind?: Community["kind"] } = {}) =>
      read<{ communities: Community[]; next: string | null }>(`/v1/communities${query({ ...filter })}`),
    get: (community: string) => read<Community>(`/v1/communities/${segment(community)}`),
    create: (community: { title: string; names: Names; description?: string }) =>
      command<Community>({ method: "POST", path: "/v1/communities", body: community }),
    relation: (community: string) =>
      read<CommunityRelation>(`/v1/communities/${segment(community)}/relation`),
    follow: (community: string, on: boolean) =>
      command<Accepted>({
        method: on ? "PUT" : "DELETE", path: `/v1/communities/${segment(community)}/follow`,
      }),
    followed: () => read<{ communities: string[] }>("/v1/accounts/me/communities"),
  };
}

export function notice_calls({ read, command }: Caller) {
  return {
    list: (page: Page = {}) => read<NoticePage>(`/v1/notifications${query({ ...page })}`),
    mark_read: (up_to: string) =>
      command<Accepted>({ method: "PUT", path: "/v1/notifications/read", body: { up_to } }),
    settings: () => read<NoticeSettings>("/v1/notifications/settings"),
    set_settings: (settings: NoticeSettings) =>
      command<NoticeSettings>({ method: "PUT", path: "/v1/notifications/settings", body: settings }),
  };
}
