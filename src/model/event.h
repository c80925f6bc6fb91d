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
  // Facts of main.
  account_changed = 20,
  block_changed = 21,
  credential_closed = 22,
  mute_changed = 23,
  title_changed = 24,
  community_changed = 25,
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

using Event =
    std::variant<PublishPost, EditPost, DeletePost, SetFollow, SetEmpathy, MarkNotificationsRead,
                 AccountChanged, BlockChanged, CredentialClosed, MuteChanged, TitleChanged,
                 CommunityChanged, PostPublished, CommandRefused, PostEdited, PostDeleted,
                 FollowChanged, EmpathyChanged, NotificationChanged>;

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
