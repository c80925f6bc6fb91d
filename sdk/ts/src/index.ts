// Client of the Matsuri API for browsers and Node. See README.md.
export { Client, type ClientOptions, type StreamOf } from "./client";
export { PositionKeeper, type PositionStore } from "./position";
export { EventParser, type ServerEvent } from "./sse";
export { EventStream, LiveStream, type StreamHandlers, type StreamOptions } from "./stream";
export type { Sort } from "./community";
export type {
  Account, AccountChange, AnalyticsCommands, AnalyticsField, AnalyticsReport, AnalyticsRun, AnalyticsRunList,
  AnalyticsTitleList, Attendance, Author, Authors, BroadcastPath, Campaign, CampaignList, Checkin, CheckinAnswer,
  CheckinAttempt, CheckinHint, CheckinList, CheckinWindow, Code, Command, Community, CommunityChange, CommunityRelation,
  Counts, CreatedPost, CreatedToken, Drawing, DrawingAddresses, Failure, Followed, GameBoardEntry,
  GameBoardPage, GameChange, GameChanges, GameCommand, GameEntity, GameEntityRead, GameHistory, GameOutcome,
  GameOutcomes, GameSchema, GameSession, GrantOutcome, Me, Names, NewCampaign, NewCommunity, NewGrant, NewPost,
  NewTitle, Notice, NoticeKind, NoticePage, NoticeSettings, PeoplePage, PersonRelation, Play, PlayerEntities, Plaza,
  PlazaPost, PlazaTitle, PointsBalance, Post, PostChange, PostContent, Posting, PostingList, PostPage,
  Privacy, Problem, Programme, ProgrammeList, Refusal, Reply, Session, SupportPlayer, SupportPost,
  SupportPostPage, TicketAnswer, Title, TitleChange, Token, Who,
} from "./types";
