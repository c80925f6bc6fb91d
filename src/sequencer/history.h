// A shard's tables as readers see them, beside its writer: what one command became, what was
// decided one behind the other, and entities as they were a moment ago.
//
// All of it runs on a reader's connection, in its snapshot: whole batches, up to one of them.
#pragma once

#include <bitset>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/ids.h"
#include "sequencer/command.h"
#include "sequencer/slots.h"
#include "sql/db.h"

namespace matsuri::sequencer {

struct StoredCommand {
  std::uint64_t seq = 0;
  Key key;
  std::uint32_t slot = 0;
  TitleId title;
  std::string arena;
  AccountId actor;
  std::string reason;
  std::int64_t time_ms = 0;
  std::string outcome;  // as internal/stored.h writes it
};

// nullopt where no command has that key, neither of this shard nor of one that gave the slot away.
Result<std::optional<StoredCommand>> read_command(sql::Connection& connection, const Key& key);

// Slots of arenas.
using SlotSet = std::bitset<slot_count>;
// Those that the shard has.
Result<SlotSet> read_owned(sql::Connection& connection);

// What is left of their commands, where days were dropped (days.h).
struct Kept {
  SlotSet slots;  // that the shard has
  // By slot, of those: the place up to which commands may be gone; behind it nothing is.
  std::vector<std::uint64_t> dropped;
};
Result<Kept> read_kept(sql::Connection& connection);

struct ChangeQuery {
  TitleId title;      // none: all
  std::string arena;  // empty: all of the title's
  SlotSet slots;      // that are wanted; where an arena is named, its own alone
  // By slot: the places up to which one has read. Places of an arena grow, wherever its slot is.
  std::span<const std::uint64_t> after;
  std::size_t count_max = 0;
};
struct Changes {
  SlotSet slots;                        // those of the wanted that the shard had then
  std::vector<StoredCommand> commands;  // applied ones, in the order of the shard
  std::uint64_t read_to = 0;            // everything of these slots up to here was looked at
  bool is_end = false;                  // nothing is behind it yet
};
// Looks at a bounded number of commands; where that was not enough, `is_end` is false. More than
// `count_max` come only where so many stand at one place. Code::conflict where commands behind
// `after` may be gone, because their days were dropped.
// REQUIRES: after.size() == slot_count.
Result<Changes> read_changes(sql::Connection& connection, const ChangeQuery& query);

// What the shard's tables have for `query` behind the place `first`, up to `last`, of whatever
// slots and with whatever outcome: in the order of the shard, each once. Where that is more than
// count_max and some, `last` becomes the last place of which there is everything.
Result<std::vector<StoredCommand>> read_stored(sql::Connection& connection,
                                               const ChangeQuery& query, std::uint64_t first,
                                               std::uint64_t& last);

// Looks back: for what somebody who asks "why" wants to see.
struct PastQuery {
  TitleId title;
  std::string arena;         // empty: all of the title's
  std::string kind;          // of the entity; empty: of any kind
  std::string entity;        // commands that name the entity with this id,
  AccountId actor;           // or that this account gave, where there is one
  std::uint64_t before = 0;  // places below it
  std::size_t count_max = 0;
  std::uint64_t look_count = 0;  // how many places are looked at
  // Of an arena alone: also what came with its slot, so that all of its past is there. Where no
  // arena is named one asks all shards for what each has decided itself.
  bool with_moved = false;
};
struct PastPage {
  std::vector<StoredCommand> commands;  // applied ones, the newest first
  std::uint64_t looked_to = 0;          // everything from this place up was looked at
  std::int64_t looked_to_ms = 0;        // when that was
  bool is_end = false;                  // nothing is below it
};
// Looks at a bounded number of commands: fewer than `count_max` may be found, and more be below. It
// ends where days were dropped.
// With log_indexes() `look_count` is of commands of the arena. REQUIRES: count_max > 0, look_count
// > 0.
Result<PastPage> read_past(sql::Connection& connection, const PastQuery& query);

struct StoredEntity {
  std::uint64_t seq = 0;      // of the shard
  std::uint64_t version = 0;  // 0: never was
  std::string fields;         // a JSON object
};
// Code::busy where the shard does not have the arena's slot (any more).
Result<StoredEntity> read_entity(sql::Connection& connection, TitleId title, std::string_view arena,
                                 std::string_view kind, std::string_view id);

// An entity as it lies there.
struct NamedEntity {
  std::string arena;
  std::string kind;
  std::string id;
  std::uint64_t version = 0;
  std::string fields;  // a JSON object

  bool operator==(const NamedEntity&) const = default;
};
struct EntitiesQuery {
  TitleId title;
  std::string id;
  // Behind this arena, kind and id; all empty: from the first on.
  std::string after_arena, after_kind, after_id;
  std::size_t count_max = 0;
  std::size_t look_count = 0;  // how many entities are looked at
};
struct Entities {
  std::vector<NamedEntity> found;  // with that id and a field at least
  std::size_t looked_count = 0;
  std::string last_arena, last_kind, last_id;  // that was looked at
  bool is_end = false;                         // nothing is behind it
};
// Those of the title that are called `id`, of slots that the shard has.
// REQUIRES: count_max > 0, look_count > 0.
Result<Entities> read_entities(sql::Connection& connection, const EntitiesQuery& query);

// What a log replica may have beside the tables, and those that are written have not: for reads of
// one arena or one id. Statements, to be run in the shard's schema on the replica; MariaDB's alone.
std::span<const std::string_view> log_indexes();

// Does the shard have the slot of that arena?
Result<bool> owns_arena(sql::Connection& connection, TitleId title, std::string_view arena);

// The place in the order that the shard has come to.
Result<std::uint64_t> read_seq(sql::Connection& connection);

// How far a copy of the shard is: each write of its owner moves both on.
struct ShardPlace {
  std::uint64_t seq = 0;
  std::int64_t lease_until_ms = 0;
};
Result<ShardPlace> read_place(sql::Connection& connection);

// For a restore: ends every owner of the time before, so that none of them can take itself for one
// of the present, wherever its epoch and seq stand.
Result<void> end_owners(sql::Connection& connection, std::uint64_t random);

}  // namespace matsuri::sequencer
