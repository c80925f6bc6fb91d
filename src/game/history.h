// "Why did player X lose 100 points?": the commands that touched an entity, or that have to do with
// an account, from the newest back; and where an account's entities are. Read from LogDbs alone.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "game/commands.h"
#include "game/exec.h"
#include "game/log_reader.h"
#include "io/executor.h"
#include "io/thread_pool.h"
#include "model/ids.h"
#include "sequencer/history.h"

namespace matsuri::game {

inline constexpr std::size_t history_count_max = 200;  // of one page
inline constexpr std::size_t history_count_default = 50;
// What one request looks at, in all shards together: commands, or entities.
inline constexpr std::uint64_t history_look_count = 65'536;
inline constexpr std::size_t history_cursor_size_max = 700;  // letters

// How far back somebody has read: for each shard the place below which it goes on. An entity's
// history has one place, because those of an arena grow wherever it is.
struct HistoryCursor {
  static constexpr std::uint64_t newest = std::numeric_limits<std::int64_t>::max();

  std::vector<std::uint64_t> before;

  // "h" and base64url of the places.
  std::string to_token() const;
  // Code::invalid for anything that to_token() does not give.
  static Result<HistoryCursor> from_token(std::string_view token);
};

struct HistoryQuery {
  TitleId title;
  std::optional<EntityQuery> entity;  // this one; or
  AccountId player;      // what it did, and what was done to entities that are called by its number
  HistoryCursor cursor;  // empty: from the newest on
  std::size_t count_max = history_count_default;
};
struct HistoryPage {
  std::vector<sequencer::StoredCommand> commands;  // applied ones, the newest first
  // Found as well, and older: for what was before. Those come again with the next page.
  std::vector<sequencer::StoredCommand> older;
  std::optional<HistoryCursor> next;  // none: `commands` and `older` are all that there is
  std::int64_t read_to_ms = 0;        // all that is newer was told by now; 0 at the end
  std::int64_t as_of_ms = 0;          // all that was written up to then counts
};
// The shard that is known to have the entity is asked first. Leaves as_of_ms open. Code::busy while
// the entity's arena moves.
Result<HistoryPage> read_history(const LogDbs& dbs, const HistoryQuery& query,
                                 std::size_t shard_of_entity);

// How far somebody has read through the entities of a title.
struct EntitiesCursor {
  std::uint8_t shard = 0;
  std::string arena, kind, id;  // that was looked at last

  // "e" and base64url of it.
  std::string to_token() const;
  // Code::invalid for anything that to_token() does not give.
  static Result<EntitiesCursor> from_token(std::string_view token);

  bool operator==(const EntitiesCursor&) const = default;
};
struct EntitiesPage {
  std::vector<sequencer::NamedEntity> entities;
  std::optional<EntitiesCursor> next;  // none: all were looked at
  std::int64_t as_of_ms = 0;
};
// Entities of the title whose id is the account's number. Leaves as_of_ms open.
Result<EntitiesPage> read_player_entities(const LogDbs& dbs, TitleId title, AccountId player,
                                          const EntitiesCursor& after, std::size_t count_max);

struct HistoryParts {
  LogDbs dbs;
  std::function<std::size_t(TitleId title, const std::string& arena)> shard_of;
  // Up to which moment LogDbs have all that was written.
  std::function<std::int64_t()> as_of_ms;
};

// The same for I/O threads: on two threads of its own, because it waits for several databases.
// Thread-safe. `done` runs once, through `executor`; Code::busy where too many ask.
class History {
 public:
  explicit History(HistoryParts parts);

  void read(HistoryQuery query, io::Executor& executor, Completion<HistoryPage> done);
  void read_entities(TitleId title, AccountId player, EntitiesCursor after, std::size_t count_max,
                     io::Executor& executor, Completion<EntitiesPage> done);

 private:
  HistoryParts parts_;
  io::ThreadPool threads_;
};

}  // namespace matsuri::game
