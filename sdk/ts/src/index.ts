// Client of the Matsuri API for browsers and Node. See README.md.
export { Client, type ClientOptions, type StreamOf } from "./client";
export { PositionKeeper, type PositionStore } from "./position";
export { EventParser, type ServerEvent } from "./sse";
export { EventStream, LiveStream, type StreamHandlers, type StreamOptions } from "./stream";
export type { Sort } from "./community";
export type {
  Account, AccountChange, Author, Authors, Code, Command, Community, CommunityChange, CommunityRelation, Counts,
  CreatedPost, CreatedToken, Drawing, DrawingAddresses, Failure, Followed, GameBoardEntry, GameBoardPage, GameChange,
  GameChanges, GameCommand, GameEntity, GameEntityRead, GameOutcome, GameOutcomes, GameSession, Me, Names, NewCommunity, NewPost,
  NewTitle, Notice, NoticeKind, NoticePage, NoticeSettings, PeoplePage, PersonRelation, Play, Plaza, PlazaPost,
  PlazaTitle, PointsBalance, Post, PostChange, PostContent, PostPage, Posting, PostingList, Privacy, Problem,
  Refusal, Reply, Session, Title, TitleChange, Token, Who,
} from "./types";
