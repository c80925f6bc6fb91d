// Goal: entries are what the newest version of each entity makes of them, however updates are cut
// into transactions, repeated, or late; and what apply() tells memory is what the tables say.
// Method: random updates of boards of all sorts, beside a plain recomputation, on both engines.
#include "board/apply.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <limits>
#include <map>
#include <random>
#include <string>

#include "board/schema.h"
#include "sequencer/testing/seeds.h"
#include "sql/testing/engines.h"

namespace matsuri::board {
namespace {

using Entries = std::map<std::string, std::pair<std::int64_t, Reached>>;

class ApplyTest : public sql::ForEachEngine {
 protected:
  std::unique_ptr<sql::Db> open_boards() {
    auto db = open();
    EXPECT_TRUE(db->migrate("board", migrations()).ok());
    return db;
  }
  static std::vector<Moved> take(sql::Db& db, std::span<const Update> updates) {
    std::vector<Moved> moved;
    const auto done = db.write_and_wait([&](sql::Connection& connection) -> Result<void> {
      TRY_ASSIGN(moved, apply(connection, updates));
      return {};
    });
    EXPECT_TRUE(done.ok()) << done.error().to_string();
    return moved;
  }
  static Entries entries_of(sql::Db& db, BoardId board) {
    Entries entries;
    EXPECT_TRUE(db.read_and_wait([&](sql::Connection& connection) {
                    return read_entries(
                        connection, board,
                        [&](std::string_view id, std::int64_t value, const Reached& reached) {
                          entries[std::string(id)] = {value, reached};
                        });
                  }).ok());
    return entries;
  }
};
MATSURI_FOR_EACH_ENGINE(ApplyTest);

Board board_of(std::uint64_t id, Order order, Combine combine) {
  return {.id = BoardId{id}, .order = order, .combine = combine};
}

// What the newest parts of a board make.
struct Reference {
  std::map<std::pair<std::string, std::string>,
           std::pair<std::uint64_t, std::optional<std::int64_t>>>
      parts;

  void take(const Update& update) {
    auto& part = parts[{update.id, update.arena}];
    if (update.version > part.first) part = {update.version, update.value};
  }
  std::map<std::string, std::int64_t> values(const Board& board) const {
    std::map<std::string, std::int64_t> values;
    for (const auto& [name, part] : parts) {
      if (!part.second) continue;
      const auto [at, is_new] = values.try_emplace(name.first, *part.second);
      if (is_new) continue;
      if (board.combine == Combine::sum)
        at->second += *part.second;
      else
        at->second = board.order == Order::high ? std::max(at->second, *part.second)
                                                : std::min(at->second, *part.second);
    }
    return values;
  }
};

std::map<std::string, std::int64_t> values_in(const Entries& entries) {
  std::map<std::string, std::int64_t> values;
  for (const auto& [id, entry] : entries) values[id] = entry.first;
  return values;
}

TEST_P(ApplyTest, IsWhatTheNewestVersionsMakeHoweverTheyCome) {
  const std::uint64_t start = sequencer::base_seed();
  SCOPED_TRACE("MATSURI_SEED=" + std::to_string(start));
  std::mt19937_64 random(start);
  const std::array boards = {
      board_of(1, Order::high, Combine::best), board_of(2, Order::low, Combine::best),
      board_of(3, Order::high, Combine::sum), board_of(4, Order::low, Combine::sum)};
  const auto in_parts = open_boards();
  const auto one_by_one = open_boards();
  std::map<BoardId, Reference> references;
  std::map<BoardId, std::map<std::string, std::int64_t>> memory;
  std::map<std::pair<std::string, std::string>, std::uint64_t> versions;
  std::vector<Update> late;
  for (int turn = 0; turn < 40; ++turn) {
    std::vector<Update> updates = std::exchange(late, {});
    for (std::uint64_t at = 0; at < 1 + random() % 20; ++at) {
      Update update{.id = std::to_string(random() % 6),
                    .arena = "arena" + std::to_string(random() % 4),
                    .reached = {.unix_ms = turn, .seq = at}};
      update.version = ++versions[{update.id, update.arena}];
      if (random() % 5 != 0) update.value = static_cast<std::int64_t>(random() % 7) - 3;
      for (const Board& board : boards) {
        update.board = &board;
        updates.push_back(update);
        if (random() % 10 == 0) late.push_back(update);
      }
    }
    for (const Moved& moved : take(*in_parts, updates)) {
      auto& shown = memory[moved.board];
      if (moved.value)
        shown[moved.id] = *moved.value;
      else
        shown.erase(moved.id);
    }
    for (const Update& update : updates) {
      take(*one_by_one, {&update, 1});
      references[update.board->id].take(update);
    }
    for (const Board& board : boards) {
      const Entries entries = entries_of(*in_parts, board.id);
      const auto expected = references[board.id].values(board);
      ASSERT_EQ(values_in(entries), expected) << "board " << board.id.value << " turn " << turn;
      ASSERT_EQ(memory[board.id], expected);
      ASSERT_EQ(entries, entries_of(*one_by_one, board.id));
    }
  }
}

TEST_P(ApplyTest, AValueIsReachedWhenItBecameThatAndNotAgain) {
  const auto db = open_boards();
  const Board board = board_of(1, Order::high, Combine::best);
  const auto at = [&](std::uint64_t version, std::optional<std::int64_t> value, std::int64_t ms,
                      const std::string& arena = "a") {
    const Update update{.board = &board,
                        .id = "x",
                        .arena = arena,
                        .version = version,
                        .value = value,
                        .reached = {.unix_ms = ms, .seq = 1}};
    take(*db, {&update, 1});
    const Entries entries = entries_of(*db, board.id);
    return entries.empty() ? std::pair<std::int64_t, std::int64_t>(-1, -1)
                           : std::pair(entries.at("x").first, entries.at("x").second.unix_ms);
  };
  using Seen = std::pair<std::int64_t, std::int64_t>;
  EXPECT_EQ(at(1, std::nullopt, 1), Seen(-1, -1));
  EXPECT_EQ(at(2, 5, 2), Seen(5, 2));
  EXPECT_EQ(at(3, 5, 3), Seen(5, 2));
  EXPECT_EQ(at(1, 4, 4, "b"), Seen(5, 2));
  EXPECT_EQ(at(4, 3, 5), Seen(4, 5));
  EXPECT_EQ(at(5, std::nullopt, 6), Seen(4, 5));
  EXPECT_EQ(at(2, std::nullopt, 7, "b"), Seen(-1, -1));
  EXPECT_EQ(at(6, 8, 8), Seen(8, 8));
}

// Sums may leave 64 bits and come back.
TEST_P(ApplyTest, SumsAreExactBeyondSixtyFourBits) {
  constexpr std::int64_t max = std::numeric_limits<std::int64_t>::max();
  constexpr std::int64_t min = std::numeric_limits<std::int64_t>::min();
  const auto db = open_boards();
  const Board board = board_of(1, Order::high, Combine::sum);
  std::map<std::string, std::uint64_t> versions;
  const auto sum = [&](const std::string& arena, std::int64_t value) {
    const Update update{.board = &board,
                        .id = "x",
                        .arena = arena,
                        .version = ++versions[arena],
                        .value = value,
                        .reached = {}};
    take(*db, {&update, 1});
    return entries_of(*db, board.id).at("x").first;
  };
  EXPECT_EQ(sum("a", max), max);
  EXPECT_EQ(sum("b", max), max);
  EXPECT_EQ(sum("c", 5), max);
  EXPECT_EQ(sum("a", min), 4);
  EXPECT_EQ(sum("b", min), min);
  EXPECT_EQ(sum("a", 0), min + 5);
}

TEST_P(ApplyTest, ClearsOneBoardAndNoOther) {
  const auto db = open_boards();
  const Board one = board_of(1, Order::high, Combine::best);
  const Board other = board_of(2, Order::high, Combine::best);
  for (const Board* board : {&one, &other}) {
    const Update update{.board = board, .id = "x", .arena = "a", .version = 1, .value = 7};
    take(*db, {&update, 1});
  }
  ASSERT_TRUE(db->write_and_wait([&](sql::Connection& connection) {
                  return clear_board(connection, one.id);
                }).ok());
  EXPECT_TRUE(entries_of(*db, one.id).empty());
  EXPECT_EQ(entries_of(*db, other.id).size(), 1U);
}

}  // namespace
}  // namespace matsuri::board
