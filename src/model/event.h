// The events that journals and outboxes carry, as plain structs. Their stored form is Protocol
// Buffers (api/events.proto); only codec.cc knows it.
//
// Every field has an initial value, so that designated initializers may leave fields out.
//
// Two families, one enumeration: deferred commands (a journal's records) and facts (an outbox's
// rows: absolute values with a revision, of which a later one replaces an earlier one).
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "model/ids.h"

namespace matsuri {

// Equal to the field number in api/events.proto's oneof. Never reused, never renumbered.
enum class EventKind : std::uint16_t {
  // Deferred commands.
  publish_post = 1,
  edit_post = 2,
  delete_post = 3,
  set_follow = 4,
  set_empathy = 5,
  mark_notifications_read = 6,
  checkin_attempted = 7,
  inbox_read = 8,
  // Facts of main.
  account_changed = 20,
  block_changed = 21,
  credential_closed = 22,
  mute_changed = 23,
  title_changed = 24,
  community_changed = 25,
  grant_settled = 26,
  // Facts of timeline.
  post_published = 40,
  command_refused = 41,
  post_edited = 42,
  post_deleted = 43,
  follow_changed = 44,
  // Facts of empathy.
  empathy_changed = 60,
  // Facts of notification.
  notification_changed = 80,
  // Facts of checkin.
  grant_due = 100,
};

// A name in one language.
struct LocalName {
  std::string language{};  // BCP 47
  std::string text{};

  bool operator==(const LocalName&) const = default;
};

enum class Role : std::uint8_t { user = 0, moderator = 1, support = 2, admin = 3 };
enum class Audience : std::uint8_t { everyone = 0, nobody = 1 };
enum class FollowKind : std::uint8_t { person = 1, community = 2 };
enum class CommunityKind : std::uint8_t { main = 0, official = 1, user = 2, announcement = 3 };
// Who may post in a community. Staff are moderators and admins; they may wherever an owner may.
enum class Posters : std::uint8_t { everyone = 0, staff = 1, owner = 2 };
// Bits of what a community takes.
enum PostKind : std::uint8_t { post_kind_text = 1, post_kind_drawing = 2 };

// What a check-in was answered, and why. Stored: never renumbered.
enum class CheckinResult : std::uint8_t {
  ok = 1,
  no_match = 2,      // the picture is of something else, or too bad
  flat = 3,          // too little in the picture to tell
  not_eligible = 4,  // this stretch of the programme can't be told from others
  no_window = 5,     // nobody can check in just now
  too_late = 6,      // for its ticket
  malformed = 7,     // under a good ticket
};

// What became of a check-in that was ok. Stored: never renumbered.
enum class GrantOutcome : std::uint8_t { granted = 1, voided = 2, budget_exhausted = 3 };

// Why nothing is granted for a check-in that was ok. Stored: never renumbered.
enum class GrantReason : std::uint8_t {
  none = 0,
  too_many_attempts = 1,  // with its ticket
  too_many_tickets = 2,   // of the account, for the programme
  no_campaign = 3,
  no_account = 4,
  bad_amount = 5,
};

// Command: a post or (with a parent) a comment is to appear. Fat: everything that any view needs.
struct PublishPost {
  PostId post{};
  CommunityId community{};
  AccountId author{};
  std::string text{};  // NFC, within the limits of timeline/model.h; may be empty beside a drawing
  std::string language{};          // BCP 47, or empty
  std::string import_source{};     // empty unless imported
  std::string import_source_id{};  // the id that the source has for it
  PostId parent{};                 // none for a post
  AccountId parent_author{};
  std::uint8_t feeling = 0;  // 0..5
  bool spoiler = false;
  std::string tag{};      // one line, or empty
  std::string drawing{};  // the stored form of drawing/, or empty

  bool operator==(const PublishPost&) const = default;
};

// Command: what a post says from now on, whole. The latest one wins; a deleted post stays deleted.
struct EditPost {
  PostId post{};
  CommunityId community{};
  AccountId author{};
  PostId parent{};
  std::string text{};
  std::uint8_t feeling = 0;
  bool spoiler = false;
  std::string tag{};

  bool operator==(const EditPost&) const = default;
};

// Command: a post is to be gone for good. May be applied before what it deletes.
struct DeletePost {
  PostId post{};
  CommunityId community{};
  AccountId author{};
  PostId parent{};

  bool operator==(const DeletePost&) const = default;
};

// Command: whether `account` follows a person or a community. The latest one wins.
struct SetFollow {
  AccountId account{};
  FollowKind kind = FollowKind::person;
  std::uint64_t target = 0;  // an AccountId or a CommunityId, as `kind` says
  bool followed = false;

  bool operator==(const SetFollow&) const = default;
};

// Command: whether `account` feels empathy with a post. The latest one wins.
struct SetEmpathy {
  PostId post{};
  AccountId post_author{};
  CommunityId community{};
  AccountId account{};
  bool given = false;

  bool operator==(const SetEmpathy&) const = default;
};

// Command: `account` has seen its notifications up to that one.
struct MarkNotificationsRead {
  AccountId account{};
  std::uint64_t up_to = 0;  // a sequence number of the recipient's own

  bool operator==(const MarkNotificationsRead&) const = default;
};

// Command: somebody tried to check in, with a ticket that is theirs: the account is in the record's
// header. A closure writes it, which knows the programme and nothing else.
struct CheckinAttempted {
  std::string programme{};   // 1 to 64 bytes of [a-z0-9_-]
  std::uint32_t window = 0;  // from 1 on; 0 where none was open
  std::string campaign{};    // that pays for the window
  std::int64_t points = 0;   // that the window is worth
  std::string nonce{};       // of the ticket: 16 bytes
  std::int64_t ticket_unix_ms = 0;
  CheckinResult result = CheckinResult::no_match;
  std::string path{};               // how the broadcast reached the viewer
  std::int32_t score_permille = 0;  // for measuring; never told to the viewer
  std::uint32_t frame_count = 0;

  bool operator==(const CheckinAttempted&) const = default;
};

// Command: the records of an inbox file up to an offset are in this journal. It is in one batch
// with the last of them.
struct InboxRead {
  std::string file{};  // 16 bytes that name the file: journal/inbox.h
  std::uint64_t offset = 0;
  std::string name{};  // that the file had then

  bool operator==(const InboxRead&) const = default;
};

// Fact: what others may know of an account.
struct AccountChanged {
  AccountId account{};
  std::uint64_t rev = 0;  // grows by one with every change of the account
  std::string handle{};
  std::string name{};
  Role role = Role::user;
  std::uint32_t epoch = 0;  // sessions of a lower epoch are over
  std::int64_t created_unix_ms = 0;
  std::uint64_t face = 0;  // the genome; 0 stands for the one made from the id
  std::string bio{};
  Audience follows_shown_to = Audience::everyone;
  Audience empathies_shown_to = Audience::everyone;

  bool operator==(const AccountChanged&) const = default;
};

// Fact: whether `account` blocks `target`.
struct BlockChanged {
  AccountId account{};
  AccountId target{};
  std::uint64_t rev = 0;  // of this pair
  bool blocked = false;

  bool operator==(const BlockChanged&) const = default;
};

// Fact: a session or a bearer token is good no longer.
struct CredentialClosed {
  AccountId account{};
  std::uint64_t credential = 0;  // a SessionId or a TokenId

  bool operator==(const CredentialClosed&) const = default;
};

// Fact: whether `account` mutes `target`: does not want to see what they say, without their
// knowing.
struct MuteChanged {
  AccountId account{};
  AccountId target{};
  std::uint64_t rev = 0;  // of this pair
  bool muted = false;

  bool operator==(const MuteChanged&) const = default;
};

// Fact: a title (a game, a programme) as it is now.
struct TitleChanged {
  TitleId title{};
  std::uint64_t rev = 0;
  std::vector<LocalName> names{};  // at least one
  std::vector<std::string> platforms{};
  std::string publisher{};
  std::string crest{};  // one grapheme, shown on its lantern
  CommunityId main_community{};
  std::int64_t created_unix_ms = 0;

  bool operator==(const TitleChanged&) const = default;
};

// Fact: a community and its rules as they are now.
struct CommunityChanged {
  CommunityId community{};
  std::uint64_t rev = 0;
  TitleId title{};
  CommunityKind kind = CommunityKind::main;
  AccountId owner{};
  std::vector<LocalName> names{};  // at least one
  std::string description{};
  std::uint8_t post_kinds = 0;  // bits of PostKind
  Posters who_posts = Posters::everyone;
  std::int64_t created_unix_ms = 0;

  bool operator==(const CommunityChanged&) const = default;
};

// Fact: a post or a comment is in the timeline.
struct PostPublished {
  PostId post{};
  std::uint64_t rev = 0;
  CommunityId community{};
  AccountId author{};
  std::string text{};
  std::string language{};
  PostId parent{};
  AccountId parent_author{};
  std::uint8_t feeling = 0;
  bool spoiler = false;
  std::string tag{};
  bool drawn = false;  // it has a drawing

  bool operator==(const PostPublished&) const = default;
};

// Fact: a command that had been accepted was refused when it was applied.
struct CommandRefused {
  AccountId account{};            // who is to be told
  std::string position{};         // of the command, Position::to_string()
  std::uint64_t resource_id = 0;  // the id that the answer had named
  Code code = Code::invalid;
  std::string reason{};

  bool operator==(const CommandRefused&) const = default;
};

// Fact: what a post says now.
struct PostEdited {
  PostId post{};
  std::uint64_t rev = 0;  // the id of the edit
  CommunityId community{};
  AccountId author{};
  PostId parent{};
  std::string text{};
  std::uint8_t feeling = 0;
  bool spoiler = false;
  std::string tag{};

  bool operator==(const PostEdited&) const = default;
};

// Fact: a post is gone for good.
struct PostDeleted {
  PostId post{};
  CommunityId community{};
  AccountId author{};
  PostId parent{};

  bool operator==(const PostDeleted&) const = default;
};

// Fact: whether `account` follows a person or a community.
struct FollowChanged {
  AccountId account{};
  FollowKind kind = FollowKind::person;
  std::uint64_t target = 0;  // an AccountId or a CommunityId, as `kind` says
  std::uint64_t rev = 0;     // the id of the command
  bool followed = false;

  bool operator==(const FollowChanged&) const = default;
};

// Fact: whether `account` feels empathy with a post, and how many do.
struct EmpathyChanged {
  PostId post{};
  AccountId post_author{};
  CommunityId community{};
  AccountId account{};
  std::uint64_t rev = 0;  // of the pair: the id of the command
  bool given = false;
  std::uint64_t count = 0;      // of the post, after it
  std::uint64_t count_rev = 0;  // grows by one with every change of the count

  bool operator==(const EmpathyChanged&) const = default;
};

// Fact: the notifications of `account` changed, or what of them is unread.
struct NotificationChanged {
  AccountId account{};
  std::uint64_t rev = 0;
  std::uint32_t unread_count = 0;

  bool operator==(const NotificationChanged&) const = default;
};

// Fact: a check-in was ok, and its points are due; or (with a reason) are to be granted no longer.
struct GrantDue {
  AccountId account{};
  std::string programme{};
  std::uint32_t window = 0;
  std::uint64_t rev = 0;  // of the check-in: 1 when it is due, 2 when it is no longer
  std::string event{};    // the name that the ledger keeps for ever
  std::string campaign{};
  std::int64_t points = 0;
  GrantReason void_reason = GrantReason::none;

  bool operator==(const GrantDue&) const = default;
};

// Fact: what the ledger made of a check-in. Told of GrantDue, and final.
struct GrantSettled {
  AccountId account{};
  std::string programme{};
  std::uint32_t window = 0;
  std::string event{};
  GrantOutcome outcome = GrantOutcome::voided;
  GrantReason reason = GrantReason::none;
  std::int64_t points = 0;  // of a granted one

  bool operator==(const GrantSettled&) const = default;
};

using Event =
    std::variant<PublishPost, EditPost, DeletePost, SetFollow, SetEmpathy, MarkNotificationsRead,
                 AccountChanged, BlockChanged, CredentialClosed, MuteChanged, TitleChanged,
                 CommunityChanged, PostPublished, CommandRefused, PostEdited, PostDeleted,
                 FollowChanged, EmpathyChanged, NotificationChanged, CheckinAttempted, InboxRead,
                 GrantSettled, GrantDue>;

EventKind kind_of(const Event& event);
std::string_view name_of(EventKind kind);

// The stored form: a serialised matsuri.events.Event message.
std::string encode(const Event& event);
// Appends it to `out`, for callers that reuse a buffer.
void encode_to(const Event& event, std::string& out);
// Code::corrupt for bytes that are no event, or one of another kind than `kind`. A kind that this
// version does not know is Code::not_found: a newer version wrote it.
Result<Event> decode(EventKind kind, Bytes bytes);

}  // namespace matsuri
