// Names for the shapes of api/openapi.yaml. The shapes themselves are generated at build.
import type { components } from "./generated/api";

type Schemas = components["schemas"];

export type Account = Schemas["Account"];
export type AccountChange = Schemas["AccountChange"];
export type AnalyticsCommands = Schemas["AnalyticsCommands"];
export type AnalyticsField = Schemas["AnalyticsField"];
export type AnalyticsReport = Schemas["AnalyticsReport"];
export type AnalyticsRun = Schemas["AnalyticsRun"];
export type AnalyticsRunList = Schemas["AnalyticsRunList"];
export type AnalyticsTitleList = Schemas["AnalyticsTitleList"];
export type Attendance = Schemas["Attendance"];
export type Author = Schemas["Author"];
export type Authors = Schemas["Authors"];
export type BlockList = Schemas["BlockList"];
export type BroadcastPath = Schemas["BroadcastPath"];
export type Campaign = Schemas["Campaign"];
export type CampaignList = Schemas["CampaignList"];
export type Checkin = Schemas["Checkin"];
export type CheckinAnswer = Schemas["CheckinAnswer"];
export type CheckinAttempt = Schemas["CheckinAttempt"];
export type CheckinHint = Schemas["CheckinHint"];
export type CheckinList = Schemas["CheckinList"];
export type CheckinWindow = Schemas["CheckinWindow"];
export type Code = Schemas["Code"];
export type Command = Schemas["Command"];
export type Community = Schemas["Community"];
export type CommunityChange = Schemas["CommunityChange"];
export type CommunityIds = Schemas["CommunityIds"];
export type CommunityPage = Schemas["CommunityPage"];
export type CommunityRelation = Schemas["CommunityRelation"];
export type Counts = Schemas["Counts"];
export type CreatedPost = Schemas["CreatedPost"];
export type CreatedToken = Schemas["CreatedToken"];
export type DeletedNotice = Schemas["DeletedNotice"];
export type DeletedPost = Schemas["DeletedPost"];
export type Drawing = Schemas["Drawing"];
export type EmpathySet = Schemas["EmpathySet"];
export type Followed = Schemas["Followed"];
export type GameBoardEntry = Schemas["GameBoardEntry"];
export type GameBoardPage = Schemas["GameBoardPage"];
export type GameChange = Schemas["GameChange"];
export type GameChanges = Schemas["GameChanges"];
export type GameCommand = Schemas["GameCommand"];
export type GameEntity = Schemas["GameEntity"];
export type GameEntityRead = Schemas["GameEntityRead"];
export type GameHistory = Schemas["GameHistory"];
export type GameOutcome = Schemas["GameOutcome"];
export type GameOutcomes = Schemas["GameOutcomes"];
export type GameSchema = Schemas["GameSchema"];
export type GameSession = Schemas["GameSession"];
export type GrantOutcome = Schemas["GrantOutcome"];
export type Me = Schemas["Me"];
export type MuteList = Schemas["MuteList"];
export type Names = Schemas["Names"];
export type NewCommunity = Keyed<Schemas["NewCommunity"]>;
export type NewCampaign = Schemas["NewCampaign"];
export type NewGrant = Schemas["NewGrant"];
export type NewTitle = Keyed<Schemas["NewTitle"]>;
export type Notice = Schemas["Notification"];
export type NoticeKind = Schemas["NotificationKind"];
export type NoticePage = Schemas["NotificationPage"];
export type NoticeSettings = Schemas["NotificationSettings"];
export type PeoplePage = Schemas["PeoplePage"];
export type PersonRelation = Schemas["Relation"];
export type Play = Schemas["Play"];
export type PlayerEntities = Schemas["PlayerEntities"];
export type Plaza = Schemas["Plaza"];
export type PlazaPost = Schemas["PlazaPost"];
export type PlazaTitle = Schemas["PlazaTitle"];
export type PointsBalance = Schemas["PointsBalance"];
export type Post = Schemas["Post"];
export type PostChange = Schemas["PostChange"];
export type PostContent = Schemas["NewPost"];
export type PostPage = Schemas["PostPage"];
export type Posting = Schemas["Posting"];
export type PostingList = Schemas["PostingList"];
export type Privacy = Schemas["Privacy"];
export type Problem = Schemas["Problem"];
export type Programme = Schemas["Programme"];
export type ProgrammeList = Schemas["ProgrammeList"];
export type ReadMarkSet = Schemas["ReadMarkSet"];
export type Refusal = Schemas["Refusal"];
export type Session = Schemas["Session"];
export type SessionList = Schemas["SessionList"];
export type SupportPlayer = Schemas["SupportPlayer"];
export type SupportPost = Schemas["SupportPost"];
export type SupportPostPage = Schemas["SupportPostPage"];
export type TicketAnswer = Schemas["TicketAnswer"];
export type Title = Schemas["Title"];
export type TitleChange = Schemas["TitleChange"];
export type TitlePage = Schemas["TitlePage"];
export type Token = Schemas["Token"];
export type TokenList = Schemas["TokenList"];
export type Unread = Schemas["Unread"];
export type Who = Schemas["Audience"];
export type DrawingAddresses = NonNullable<Post["drawing"]>;

/** With a key that is made once for a thing, and is the same for each retry of it. */
export type Keyed<T> = T & { idempotency_key: string };

/** A post in a community, or a comment below a post. */
export interface NewPost extends Keyed<PostContent> {
  community?: string;
  parent?: string;
}

/** Why a call failed. `unreachable` is the client's own: no answer came, or none in time. */
export interface Failure {
  code: Code | "unreachable";
  /** The HTTP status, or 0 where no answer came. */
  status: number;
  detail: string;
  /** Seconds that the server asks to wait before the next try. */
  retry_after_s?: number;
}

/** What every call gives: nothing is thrown. */
export type Reply<T> = { ok: true; value: T; stale: boolean } | { ok: false; failure: Failure };
