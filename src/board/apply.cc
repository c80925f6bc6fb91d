#include "board/apply.h"

#include <algorithm>
#include <limits>
#include <map>
#include <tuple>
#include <utility>

#include "sql/list.h"

namespace matsuri::board {
namespace {

// Holds every sum of 64-bit numbers that a table can have.
__extension__ using Wide = __int128;

struct PartKey {
  BoardId board;
  std::string id;
  std::string arena;

  auto operator<=>(const PartKey&) const = default;
};
struct Part {
  std::uint64_t version = 0;
  std::optional<std::int64_t> value;
  bool is_changed = false;
};

using EntryKey = std::pair<BoardId, std::string>;
struct Entry {
  Wide value = 0;
  std::uint64_t parts = 0;  // that have a value
  Reached reached;
  bool is_changed = false;

  // A sum beyond 64 bits is shown as the bound, and is what it is.
  std::optional<std::int64_t> shown() const {
    if (parts == 0) return std::nullopt;
    constexpr Wide min = std::numeric_limits<std::int64_t>::min();
    constexpr Wide max = std::numeric_limits<std::int64_t>::max();
    return static_cast<std::int64_t>(std::clamp(value, min, max));
  }
};

std::int64_t low_of(Wide value) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(value));
}
std::int64_t high_of(Wide value) { return static_cast<std::int64_t>(value >> 64); }
Wide wide_of(std::int64_t low, std::int64_t high) {
  return (static_cast<Wide>(high) << 64) | static_cast<std::uint64_t>(low);
}

// The rows that a batch touches, as they become.
class Batch {
 public:
  explicit Batch(sql::Connection& connection) : connection_(connection) {}

  Result<void> load(std::span<const Update> updates) {
    for (const Update& update : updates) {
      parts_.try_emplace({update.board->id, update.id, update.arena});
      entries_.try_emplace({update.board->id, update.id});
    }
    std::vector<sql::Value> tuples;
    for (const auto& [key, part] : parts_)
      tuples.insert(tuples.end(), {key.board.value, key.id, key.arena});
    TRY(sql::query_tuples(
        connection_, "SELECT board, id, arena, version, value FROM board_part WHERE",
        {"board", "id", "arena"}, tuples, [&](const sql::Row& row) {
          Part& part =
              parts_[{BoardId{row.id(0)}, std::string(row.text(1)), std::string(row.text(2))}];
          part.version = row.id(3);
          if (!row.is_null(4)) part.value = row.integer(4);
        }));
    tuples.clear();
    for (const auto& [key, entry] : entries_)
      tuples.insert(tuples.end(), {key.first.value, key.second});
    return sql::query_tuples(
        connection_,
        "SELECT board, id, value, high, parts, reached_ms, reached_seq FROM board_entry WHERE",
        {"board", "id"}, tuples, [&](const sql::Row& row) {
          Entry& entry = entries_[{BoardId{row.id(0)}, std::string(row.text(1))}];
          entry.value = wide_of(row.integer(2), row.integer(3));
          entry.parts = row.id(4);
          entry.reached = {.unix_ms = row.integer(5), .seq = row.id(6)};
        });
  }

  Result<void> take(const Update& update) {
    const PartKey key{update.board->id, update.id, update.arena};
    Part& part = parts_[key];
    if (update.version <= part.version) return {};
    if (part.version == 0 && !update.value) return {};  // it never was on the board
    Entry& entry = entries_[{key.board, key.id}];
    const std::optional<std::int64_t> before = entry.shown();
    const std::optional<std::int64_t> old = part.value;
    part = {.version = update.version, .value = update.value, .is_changed = true};
    entry.is_changed = true;
    if (old) --entry.parts;
    if (update.value) ++entry.parts;
    if (update.board->combine == Combine::sum) {
      entry.value += Wide{update.value.value_or(0)} - Wide{old.value_or(0)};
    } else {
      TRY(take_best(*update.board, key, old, update.value, entry));
    }
    if (entry.shown() == before) return {};
    // A sum is reached with the last of its parts, in whatever order they are told of.
    const bool is_late = update.board->combine == Combine::sum && before;
    entry.reached = is_late ? std::max(entry.reached, update.reached) : update.reached;
    return {};
  }

  Result<std::vector<Moved>> write() {
    TRY(write_parts());
    std::vector<Moved> moved;
    std::vector<sql::Value> values;
    for (const auto& [key, entry] : entries_) {
      if (!entry.is_changed) continue;
      moved.push_back(
          {.board = key.first, .id = key.second, .value = entry.shown(), .reached = entry.reached});
      if (entry.parts == 0)
        TRY(connection_.execute("DELETE FROM board_entry WHERE board = ? AND id = ?",
                                {key.first.value, key.second}));
      else
        values.insert(values.end(),
                      {key.first.value, key.second, low_of(entry.value), high_of(entry.value),
                       entry.parts, entry.reached.unix_ms, entry.reached.seq});
    }
    TRY(connection_.insert_rows(
        "INSERT INTO board_entry (board, id, value, high, parts, reached_ms, reached_seq)",
        "ON CONFLICT (board, id) DO UPDATE SET value = excluded.value, high = excluded.high,"
        " parts = excluded.parts, reached_ms = excluded.reached_ms,"
        " reached_seq = excluded.reached_seq",
        7, values));
    return moved;
  }

 private:
  static bool is_better(Order order, Wide one, Wide other) {
    return order == Order::high ? one > other : one < other;
  }

  // Where the best part got worse, all of them have to be looked at; that is rare.
  Result<void> take_best(const Board& board, const PartKey& key, std::optional<std::int64_t> old,
                         std::optional<std::int64_t> value, Entry& entry) {
    const std::uint64_t others = entry.parts - (value ? 1 : 0);
    if (others == 0 || (value && !is_better(board.order, entry.value, *value))) {
      entry.value = value.value_or(0);
      return {};
    }
    if (old && *old == entry.value) {
      TRY_ASSIGN(entry.value, best_of(board, key));
    }
    return {};
  }

  Result<Wide> best_of(const Board& board, const PartKey& key) {
    std::optional<Wide> best;
    const auto look = [&](std::int64_t value) {
      if (!best || is_better(board.order, value, *best)) best = value;
    };
    TRY(connection_.query(
        "SELECT arena, value FROM board_part WHERE board = ? AND id = ? AND value IS NOT NULL",
        {key.board.value, key.id}, [&](const sql::Row& row) {
          if (!parts_.contains({key.board, key.id, std::string(row.text(0))})) look(row.integer(1));
        }));
    for (auto at = parts_.lower_bound({key.board, key.id, {}});
         at != parts_.end() && at->first.board == key.board && at->first.id == key.id; ++at)
      if (at->second.value) look(*at->second.value);
    return best.value_or(0);
  }

  Result<void> write_parts() {
    std::vector<sql::Value> values;
    for (const auto& [key, part] : parts_)
      if (part.is_changed)
        values.insert(values.end(), {key.board.value, key.id, key.arena, part.version,
                                     part.value ? sql::Value(*part.value) : sql::Value(nullptr)});
    return connection_.insert_rows(
        "INSERT INTO board_part (board, id, arena, version, value)",
        "ON CONFLICT (board, id, arena) DO UPDATE SET version = excluded.version,"
        " value = excluded.value",
        5, values);
  }

  sql::Connection& connection_;
  std::map<PartKey, Part> parts_;
  std::map<EntryKey, Entry> entries_;
};

}  // namespace

Result<std::vector<Moved>> apply(sql::Connection& connection, std::span<const Update> updates) {
  Batch batch(connection);
  TRY(batch.load(updates));
  for (const Update& update : updates) TRY(batch.take(update));
  return batch.write();
}

Result<void> read_entries(sql::Connection& connection, BoardId board, const TakeEntry& take) {
  return connection.query(
      "SELECT id, value, high, parts, reached_ms, reached_seq FROM board_entry WHERE board = ?",
      {board.value}, [&](const sql::Row& row) {
        const Entry entry{.value = wide_of(row.integer(1), row.integer(2)), .parts = row.id(3)};
        if (const auto value = entry.shown())
          take(row.text(0), *value, {.unix_ms = row.integer(4), .seq = row.id(5)});
      });
}

Result<void> clear_board(sql::Connection& connection, BoardId board) {
  for (const char* table : {"board_part", "board_entry", "board_state"})
    TRY(connection.execute("DELETE FROM " + std::string(table) + " WHERE board = ?",
                           {board.value}));
  return {};
}

}  // namespace matsuri::board
