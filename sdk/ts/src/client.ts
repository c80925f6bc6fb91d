// The calls of the API. Keeps the position token, so that one reads one's own writes, and turns
// every way of failing into a value.
import { analytics_calls } from "./analytics";
import { checkin_calls } from "./checkin";
import {
  community_calls, mute_calls, notice_calls, people_calls, points_calls, post_calls, type Call, type Caller,
} from "./community";
import { request, type Answer, type HttpOptions } from "./http";
import { PositionKeeper, type PositionStore } from "./position";
import { LiveStream, type StreamHandlers } from "./stream";
import { support_calls } from "./support";
import type {
  Account, AccountChange, BlockList, Command, CreatedToken, Me, Play, Reply, SessionList, TokenList,
} from "./types";

export interface ClientOptions {
  /** Where the server is; nothing for the page's own origin. */
  base?: string;
  /** A bearer token, for programs. Browsers use their session cookie. */
  token?: string;
  fetch?: typeof fetch;
  store?: PositionStore;
  timeout_ms?: number;
}

export interface Connection {
  http: HttpOptions;
  /** Who asks, where no cookie says it. */
  headers: Record<string, string>;
}

/** What a stream tells of. */
export type StreamOf = { community: string } | { topic: "timeline" | "plaza" } | Record<string, never>;

const segment = encodeURIComponent;

/** One reader of one server. Commands go one after the other, in the order of the calls. */
export class Client {
  private readonly http: HttpOptions;
  private readonly token: string | undefined;
  private readonly position: PositionKeeper;
  private last_command: Promise<unknown> = Promise.resolve();

  constructor(options: ClientOptions = {}) {
    this.http = {
      base: options.base ?? "",
      fetch: options.fetch ?? ((input, init) => globalThis.fetch(input, init)),
      timeout_ms: options.timeout_ms ?? 10_000,
    };
    this.token = options.token;
    this.position = new PositionKeeper(options.store);
  }

  readonly accounts = {
    create: (account: { handle: string; name: string; password: string }) =>
      this.command<Me>({ method: "POST", path: "/v1/accounts", body: account }),
    me: () => this.read<Me>("/v1/accounts/me"),
    change: (change: AccountChange) =>
      this.command<Me>({ method: "PATCH", path: "/v1/accounts/me", body: change }),
    get: (handle: string) => this.read<Account>(`/v1/accounts/${segment(handle)}`),
  };

  readonly sessions = {
    create: (credentials: { handle: string; password: string }) =>
      this.command<Me>({ method: "POST", path: "/v1/sessions", body: credentials }),
    list: () => this.read<SessionList>("/v1/sessions"),
    end_current: () => this.command<null>({ method: "DELETE", path: "/v1/sessions/current" }),
    end_all: () => this.command<null>({ method: "DELETE", path: "/v1/sessions" }),
    end: (session: string) =>
      this.command<null>({ method: "DELETE", path: `/v1/sessions/${segment(session)}` }),
  };

  readonly tokens = {
    create: (label: string) =>
      this.command<CreatedToken>({ method: "POST", path: "/v1/tokens", body: { label } }),
    list: () => this.read<TokenList>("/v1/tokens"),
    revoke: (token: string) =>
      this.command<null>({ method: "DELETE", path: `/v1/tokens/${segment(token)}` }),
  };

  readonly blocks = {
    list: () => this.read<BlockList>("/v1/accounts/me/blocks"),
    add: (handle: string) =>
      this.command<null>({ method: "PUT", path: `/v1/accounts/me/blocks/${segment(handle)}` }),
    remove: (handle: string) =>
      this.command<null>({ method: "DELETE", path: `/v1/accounts/me/blocks/${segment(handle)}` }),
  };

  // The calls of the community, which see no more of the client than this.
  private readonly caller: Caller = {
    read: (path) => this.read(path), command: (call) => this.command(call),
  };
  readonly posts = post_calls(this.caller);
  readonly people = people_calls(this.caller);
  readonly mutes = mute_calls(this.caller);
  readonly communities = community_calls(this.caller);
  readonly notices = notice_calls(this.caller);
  readonly points = points_calls(this.caller);
  readonly checkin = checkin_calls(this.caller);
  readonly support = support_calls(this.caller);
  readonly analytics = analytics_calls(this.caller);

  readonly commands = {
    get: (position: string) => this.read<Command>(`/v1/commands/${segment(position)}`),
  };

  /**
   * Follows a community, the reader's own timeline, the plaza (a few of its new posts come, as
   * `plaza_post`, and no counts), or everything, live until it is closed.
   */
  stream(of: StreamOf, handlers: StreamHandlers): LiveStream {
    return new LiveStream({
      fetch: this.http.fetch, url: `${this.http.base}/v1/stream?${new URLSearchParams(of)}`,
      headers: () => this.headers(), handlers,
    });
  }

  /** What this server shows as its game; `not_found` where there is none. */
  readonly play = () => this.read<Play>("/v1/play");

  /** What another client needs to ask the same server as the same person. */
  connection(): Connection {
    return { http: this.http, headers: this.headers() };
  }

  private headers(): Record<string, string> {
    return this.token === undefined ? {} : { Authorization: `Bearer ${this.token}` };
  }

  private async read<T>(path: string): Promise<Reply<T>> {
    const sent = this.position.token();
    const { reply, position } = await this.call<T>({ method: "GET", path }, sent);
    this.position.read_answered(sent, position);
    return reply;
  }

  private command<T>(call: Call): Promise<Reply<T>> {
    const answer = this.last_command.then(async () => {
      const { reply, position } = await this.call<T>(call, this.position.token());
      this.position.command_answered(position);
      return reply;
    });
    this.last_command = answer;
    return answer;
  }

  private call<T>(call: Call, sent: string | null): Promise<Answer<T>> {
    return request<T>(this.http, call, {
      ...this.headers(), ...(sent === null ? {} : { "Matsuri-Position": sent }),
    });
  }
}
