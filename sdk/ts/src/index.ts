// Client of the Matsuri API for browsers and Node. See README.md.
export { Client, type ClientOptions } from "./client";
export { PositionKeeper, type PositionStore } from "./position";
export { EventParser, type ServerEvent } from "./sse";
export { LiveStream, type StreamHandlers, type StreamOptions } from "./stream";
export type { Sort } from "./community";
export type {
  Account, AccountChange, Author, Code, Command, Community, CommunityRelation, Counts, CreatedPost,
  CreatedToken, Drawing, DrawingAddresses, Failure, Followed, Me, Names, NewCommunity, NewPost, Notice,
  NoticeKind, NoticePage, NoticeSettings, PeoplePage, PersonRelation, Plaza, PlazaPost,
  PlazaTitle, Post, PostChange, PostContent, PostPage, Privacy, Problem, Refusal, Reply, Session, Title,
  Token, Who,
} from "./types";
