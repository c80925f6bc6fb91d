// Client of the Matsuri API for browsers and Node. See README.md.
export { Client, type ClientOptions, type NewPost } from "./client";
export { PositionKeeper, type PositionStore } from "./position";
export { EventParser, type ServerEvent } from "./sse";
export { LiveStream, type StreamHandlers, type StreamOptions } from "./stream";
export type {
  Account, Author, Code, Command, CreatedPost, CreatedToken, Failure, Me, Post, PostPage, Problem,
  Refusal, Reply, Session, Token,
} from "./types";
