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

#include "base/bytes.h"
#include "base/result.h"
#include "model/ids.h"

namespace matsuri {

// Equal to the field number in api/events.proto's oneof. Never reused, never renumbered.
enum class EventKind : std::uint16_t {
  publish_post = 1,        // command
  account_changed = 20,    // fact of main
  block_changed = 21,      // fact of main
  credential_closed = 22,  // fact of main
  post_published = 40,     // fact of timeline
  command_refused = 41,    // fact of timeline
};

// Command: a post is to appear. Fat: everything that any view needs.
struct PublishPost {
  PostId post{};
  CommunityId community{};
  AccountId author{};
  std::string text{};              // NFC, within the limits of timeline/model.h
  std::string language{};          // BCP 47, or empty
  std::string import_source{};     // empty unless imported
  std::string import_source_id{};  // the id that the source has for it

  bool operator==(const PublishPost&) const = default;
};

enum class Role : std::uint8_t { user = 0, moderator = 1, support = 2, admin = 3 };

// Fact: what others may know of an account.
struct AccountChanged {
  AccountId account{};
  std::uint64_t rev = 0;  // grows by one with every change of the account
  std::string handle{};
  std::string name{};
  Role role = Role::user;
  std::uint32_t epoch = 0;  // sessions of a lower epoch are over
  std::int64_t created_unix_ms = 0;

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

// Fact: a post is in the timeline.
struct PostPublished {
  PostId post{};
  std::uint64_t rev = 0;
  CommunityId community{};
  AccountId author{};
  std::string text{};
  std::string language{};

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

using Event = std::variant<PublishPost, AccountChanged, BlockChanged, CredentialClosed,
                           PostPublished, CommandRefused>;

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
