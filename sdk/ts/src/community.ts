// The calls of the community: titles, communities, posts with drawings, follows, empathy and
// notifications.
import type {
  Authors, Community, CommunityChange, CommunityIds, CommunityPage, CommunityRelation, CreatedPost, DeletedPost,
  Drawing, EmpathySet, Followed, MuteList, NewCommunity, NewPost, NewTitle, NoticePage, NoticeSettings,
  PeoplePage, PersonRelation, Plaza, PointsBalance, Post, PostChange, PostingList, PostPage, ReadMarkSet, Reply, Title,
  TitleChange, TitlePage,
} from "./types";

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

export interface Page { limit?: number; before?: string; after?: string }
export type Sort = "new" | "hot" | "popular";

const segment = encodeURIComponent;

/** What follows an address; values that are not there are left out. */
export function query(values: Record<string, string | number | undefined>): string {
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
      command<CreatedPost>({ method: "PATCH", path: `/v1/posts/${segment(post)}`, body: change }),
    remove: (post: string) =>
      command<DeletedPost>({ method: "DELETE", path: `/v1/posts/${segment(post)}` }),
    comments: (post: string, page: Page = {}) =>
      read<PostPage>(`/v1/posts/${segment(post)}/comments${query({ ...page })}`),
    strokes: (address: string) => read<Drawing>(address),
    timeline: (page: Page = {}) => read<PostPage>(`/v1/timeline${query({ ...page })}`),
    empathize: (post: string, on: boolean) =>
      command<EmpathySet>(
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
    /** Those with these ids, at most 50, who are there. */
    named: (ids: readonly string[]) =>
      read<Authors>(`/v1/people${query({ id: ids.join(",") })}`),
    relation: (handle: string) => read<PersonRelation>(`${of(handle)}/relation`),
    follow: (handle: string, on: boolean) =>
      command<Followed>(
        { method: on ? "PUT" : "DELETE", path: `/v1/accounts/me/follows/${segment(handle)}` }),
  };
}

export function mute_calls({ read, command }: Caller) {
  return {
    list: () => read<MuteList>("/v1/accounts/me/mutes"),
    add: (handle: string) =>
      command<null>({ method: "PUT", path: `/v1/accounts/me/mutes/${segment(handle)}` }),
    remove: (handle: string) =>
      command<null>({ method: "DELETE", path: `/v1/accounts/me/mutes/${segment(handle)}` }),
  };
}

export function community_calls({ read, command }: Caller) {
  return {
    plaza: (limit?: number) => read<Plaza>(`/v1/plaza${query({ limit })}`),
    titles: (page: Page = {}) =>
      read<TitlePage>(`/v1/titles${query({ ...page })}`),
    title: (title: string) => read<Title>(`/v1/titles/${segment(title)}`),
    create_title: ({ idempotency_key, ...body }: NewTitle) =>
      command<Title>({ method: "POST", path: "/v1/titles", body, idempotency_key }),
    change_title: (title: string, change: TitleChange) =>
      command<Title>({ method: "PATCH", path: `/v1/titles/${segment(title)}`, body: change }),
    list: (filter: Page & { title?: string; kind?: Community["kind"] } = {}) =>
      read<CommunityPage>(`/v1/communities${query({ ...filter })}`),
    get: (community: string) => read<Community>(`/v1/communities/${segment(community)}`),
    create: ({ idempotency_key, ...body }: NewCommunity) =>
      command<Community>({ method: "POST", path: "/v1/communities", body, idempotency_key }),
    change: (community: string, change: CommunityChange) =>
      command<Community>(
        { method: "PATCH", path: `/v1/communities/${segment(community)}`, body: change }),
    relation: (community: string) =>
      read<CommunityRelation>(`/v1/communities/${segment(community)}/relation`),
    follow: (community: string, on: boolean) =>
      command<Followed>({
        method: on ? "PUT" : "DELETE", path: `/v1/communities/${segment(community)}/follow`,
      }),
    followed: () => read<CommunityIds>("/v1/accounts/me/communities"),
  };
}

export function notice_calls({ read, command }: Caller) {
  return {
    list: (page: Page = {}) => read<NoticePage>(`/v1/notifications${query({ ...page })}`),
    mark_read: (up_to: string) =>
      command<ReadMarkSet>({ method: "PUT", path: "/v1/notifications/read", body: { up_to } }),
    settings: () => read<NoticeSettings>("/v1/notifications/settings"),
    set_settings: (settings: NoticeSettings) =>
      command<NoticeSettings>({ method: "PUT", path: "/v1/notifications/settings", body: settings }),
  };
}

/** One's own points: granted, held and spent. */
export function points_calls({ read }: Caller) {
  return {
    me: () => read<PointsBalance>("/v1/points/me"),
    postings: (page: Page = {}) => read<PostingList>(`/v1/points/me/postings${query({ ...page })}`),
  };
}
