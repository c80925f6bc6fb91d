// Client of the Matsuri API for browsers and Node. See README.md.
export { Client, type ClientOptions } from "./client";
export { PositionKeeper, type PositionStore } from "./position";
export { EventParser, type ServerEvent } from "./sse";
export { LiveStream, type StreamHandlers, type StreamOptions } from "./stream";
export type {
  Accepted, Account, AccountChange, Author, Community, CommunityRelation, Counts, CreatedPost,
  DrawingAddresses, DrawnStroke, Me, Names, NewPost, Notice, NoticeKind, NoticePage, NoticeSettings,
  PeoplePage, PersonRelation, Post, PostChange, PostContent, PostPage, Privacy, Sort, Title, Who,
} from "./community";
export type {
  Code, Command, CreatedToken, Failure, Problem, Refusal, Reply, Session, Token,
} from "./types";
