// The calls of staff who look at a player.
import { query, type Caller, type Page } from "./community";
import type {
  Campaign, CampaignList, GameHistory, GameSchema, GrantOutcome, NewCampaign, NewGrant, PlayerEntities, PointsBalance,
  PostingList, Reply, SupportPlayer, SupportPostPage,
} from "./types";

const segment = encodeURIComponent;

export function support_calls({ read, command }: Caller) {
  return {
    /** By number or handle. */
    player: (who: string): Promise<Reply<SupportPlayer>> => read(`/v1/support/players/${segment(who)}`),
    posts: (player: string, page: Page = {}): Promise<Reply<SupportPostPage>> =>
      read(`/v1/support/players/${segment(player)}/posts${query({ ...page })}`),
    schema: (title: string): Promise<Reply<GameSchema>> => read(`/v1/game/${segment(title)}/schema`),
    /** What a player did in a title, and what was done to entities that are called by their number. */
    history: (title: string, player: string, page: Page = {}): Promise<Reply<GameHistory>> =>
      read(`/v1/game/${segment(title)}/history${query({ player, ...page })}`),
    entities: (title: string, player: string, page: { after?: string } = {}): Promise<Reply<PlayerEntities>> =>
      read(`/v1/game/${segment(title)}/players/${segment(player)}/entities${query({ ...page })}`),
    points: (player: string): Promise<Reply<PointsBalance>> => read(`/v1/points/accounts/${segment(player)}`),
    postings: (player: string, page: Page = {}): Promise<Reply<PostingList>> =>
      read(`/v1/points/accounts/${segment(player)}/postings${query({ ...page })}`),
    /** By their names, each with what it may still grant. */
    campaigns: (page: Page = {}): Promise<Reply<CampaignList>> => read(`/v1/points/campaigns${query({ ...page })}`),
    /** For admins. Once for a key, however often it is asked. */
    create_campaign: (campaign: NewCampaign): Promise<Reply<Campaign>> =>
      command({ method: "POST", path: "/v1/points/campaigns", body: campaign }),
    /** Once for an event, however often it is asked. */
    grant: (grant: NewGrant): Promise<Reply<GrantOutcome>> =>
      command({ method: "POST", path: "/v1/points/grants", body: grant }),
  };
}
