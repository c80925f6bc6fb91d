// Goal: boards say what the entity tables say, exactly, whatever happens meanwhile: commands from
// many threads, fills, restarts, slots that move, restores, another process that writes them.
// Method: real sequencers on both engines; when all is quiet, everything is counted from the tables.
#include "board/boards.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <future>
#include <map>
#include <set>
#include <span>
#include <string>
#include <thread>

#include "board/schema.h"
#include "game/schema_json.h"
#include "io/random.h"
#include "sequencer/sequencer.h"
#include "sequencer/shard_map.h"
#include "sequencer/testing/world.h"
#include "sql/testing/engines.h"

namespace matsuri::board {
namespace {

using namespace std::chrono_literals;

constexpr TitleId ours{7}, theirs{8};
constexpr std::uint64_t world = 77;
constexpr sequencer::KindIndex raider = 1;
constexpr sequencer::FieldIndex damage = 0;

Board damage_board(std::uint64_t id, Combine combine, std::string arena = {}) {
  return {.id = BoardId{id},
          .title = ours,
          .name = "board" + std::to_string(id),
          .kind = "raider",
          .field = "damage",
          .arena = std::move(arena),
          .combine = combine};
}

class BoardsTest : public sql::ForEachEngine {
 protected:
  void start(std::size_t shard_count) {
    auto schema = std::make_shared<const game::TitleSchema>(
        game::parse_schema(
            R"({"kinds":[{"name":"raider","fields":[{"name":"damage"},{"name":"hp"}]}]})")
            .value());
    for (const TitleId title : {ours, theirs}) directory_.put_schema(title, 1, schema);
    sequencer::SequencerOptions options{.owner = {.name = "node"}};
    for (std::size_t i = 0; i < shard_count; ++i) {
      dbs_.push_back(open());
      options.shards.push_back(dbs_.back().get());
      shards_.push_back({.db = dbs_.back().get(), .incarnation = i + 1});
    }
    auto started = sequencer::Sequencer::start(options, directory_.schemas(), io::system_clock());
    ASSERT_TRUE(started.ok()) << started.error().to_string();
    sequencer_ = std::move(*started);
    commands_ = std::make_unique<game::Commands>(
        game::CommandsParts{.sequencer = *sequencer_,
                            .directory = directory_,
                            .shards = shards_,
                            .clock = io::system_clock(),
                            .on_applied = [this](std::size_t, std::uint64_t) {
                              const std::lock_guard lock(boards_mutex_);
                              if (boards_ != nullptr) boards_->wake();
                            }});
    main_ = open();
    db_ = open();
    ASSERT_TRUE(main_->migrate("board", definition_migrations()).ok());
    ASSERT_TRUE(db_->migrate("board", migrations()).ok());
    start_boards();
  }
  void start_boards() {
    definitions_ = std::make_unique<Definitions>(DefinitionsParts{
        .db = *main_, .ids = *ids_, .schemas = directory_, .has_title = [](TitleId) {
          return true;
        }});
    auto boards = std::make_unique<Boards>(BoardsParts{.db = *db_,
                                                       .main = *main_,
                                                       .shards = shards_,
                                                       .world = world,
                                                       .definitions = *definitions_,
                                                       .clock = io::system_clock()});
    const std::lock_guard lock(boards_mutex_);
    boards_ = std::move(boards);
  }
  void stop_boards() {
    std::unique_ptr<Boards> gone;
    {
      const std::lock_guard lock(boards_mutex_);
      gone = std::move(boards_);
    }
  }
  void SetUp() override {
    sql::ForEachEngine::SetUp();
    if (IsSkipped()) return;
    auto ids =
        journal::IdMaker::open({.path = folder() + "/ids", .region = Region{0}, .node = Node{1}});
    ASSERT_TRUE(ids.ok());
    ids_ = std::move(*ids);
  }
  void TearDown() override {
    sequencer_.reset();
    stop_boards();
    definitions_.reset();
    commands_.reset();
  }

  Result<Board> define(Board board) {
    std::promise<Result<Board>> promise;
    definitions_->put(std::move(board), inline_,
                      [&](Result<Board> put) { promise.set_value(std::move(put)); });
    auto put = promise.get_future().get();
    boards_->wake();
    return put;
  }
  Code drop(const std::string& name) {
    std::promise<Result<void>> promise;
    definitions_->drop(ours, name, inline_, [&](Result<game::Nothing> dropped) {
      promise.set_value(dropped.ok() ? Result<void>() : dropped.error());
    });
    const auto dropped = promise.get_future().get();
    boards_->wake();
    return dropped.ok() ? Code{} : dropped.error().code();
  }

  static sequencer::Key new_key() {
    sequencer::Key key;
    io::system_random().fill(std::as_writable_bytes(std::span(key.bytes)));
    const std::int64_t now_ms = io::system_clock().unix_ms();
    for (std::size_t byte = 0; byte < 6; ++byte)
      key.bytes[byte] = static_cast<std::uint8_t>(now_ms >> (40 - 8 * byte));
    key.bytes[6] = 0x70;
    key.bytes[8] = 0x80;
    return key;
  }
  static game::SentCommand step(TitleId title, const std::string& arena, const std::string& id,
                                sequencer::Step step) {
    game::SentCommand sent;
    sent.command.key = new_key();
    sent.command.entities = {{.title = title, .arena = arena, .kind = raider, .id = id}};
    sent.command.steps = {step};
    sent.has_key = true;
    return sent;
  }
  static game::SentCommand hit(const std::string& arena, const std::string& id, std::int64_t value,
                               TitleId title = ours) {
    return step(title, arena, id,
                {.field = damage, .operation = sequencer::Operation::add, .value = value});
  }
  static game::SentCommand removed(const std::string& arena, const std::string& id,
                                   std::optional<sequencer::FieldIndex> field) {
    return step(ours, arena, id, {.field = field, .operation = sequencer::Operation::remove});
  }
  game::Places run(std::vector<game::SentCommand> sent, TitleId title = ours) {
    std::promise<game::Places> token;
    commands_->run(title, std::move(sent), inline_,
                   [&](const game::ToldAll& told) { token.set_value(told.token); });
    return token.get_future().get();
  }

  bool wait_for(const std::function<bool()>& is_so) {
    for (int tries = 0; tries < 6000; ++tries) {
      if (is_so()) return true;
      std::this_thread::sleep_for(5ms);
    }
    return false;
  }
  bool wait_until_ready(const Board& board) {
    return wait_for([&] { return boards_->status(board.id).state == State::ready; });
  }
  bool passed(const game::Places& places) {
    std::promise<bool> promise;
    boards_->when_passed(places, inline_, [&](Result<bool> is_passed) {
      promise.set_value(is_passed.ok() && *is_passed);
    });
    return promise.get_future().get();
  }
  // However long it takes: when_passed() itself gives up after a while.
  bool passes(const game::Places& places) {
    return wait_for([&] { return passed(places); });
  }
  // All that was decided before it is on the boards afterwards.
  void catch_up() {
    game::Places end;
    for (const game::ShardDb& shard : shards_)
      ASSERT_TRUE(shard.db
                      ->read_and_wait([&](sql::Connection& connection) -> Result<void> {
                        TRY_ASSIGN(const std::uint64_t seq, sequencer::read_seq(connection));
                        end.raise(shard.incarnation, seq);
                        return {};
                      })
                      .ok());
    ASSERT_TRUE(passes(end));
  }

  std::vector<Row> rows_of(const Board& board) {
    const auto page = boards_->page(board.id, 0, 1'000'000);
    EXPECT_TRUE(page.ok()) << page.error().to_string();
    return page.ok() ? page->rows : std::vector<Row>();
  }
  std::map<std::string, std::int64_t> values_of(const Board& board) {
    std::map<std::string, std::int64_t> values;
    for (const Row& row : rows_of(board)) values[row.id] = row.value;
    return values;
  }
  // What the entity tables say.
  std::map<std::string, std::int64_t> counted(const Board& board) {
    std::map<std::string, std::int64_t> values;
    for (const game::ShardDb& shard : shards_)
      EXPECT_TRUE(
          shard.db
              ->read_and_wait([&](sql::Connection& connection) -> Result<void> {
                TRY_ASSIGN(const auto owned, sequencer::read_owned(connection));
                return connection.query(
                    "SELECT arena, id, slot, fields FROM entity WHERE title = ? AND kind = ?",
                    {board.title.value, board.kind}, [&](const sql::Row& row) {
                      if (!owned[row.id(2)]) return;
                      if (!board.arena.empty() && row.text(0) != board.arena) return;
                      const auto value = field_in(row.text(3), board.field);
                      if (!value.ok() || !*value) return;
                      const std::string id(row.text(1));
                      const auto [at, is_new] = values.try_emplace(id, **value);
                      if (is_new) return;
                      at->second = board.combine == Combine::sum ? at->second + **value
                                                                 : std::max(at->second, **value);
                    });
              })
              .ok());
    return values;
  }
  void expect_counted(const Board& board) {
    SCOPED_TRACE(board.name);
    const auto rows = rows_of(board);
    const auto values = counted(board);
    EXPECT_EQ(values_of(board), values);
    EXPECT_EQ(rows.size(), values.size());
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const auto better = std::ranges::count_if(
          values, [&](const auto& entry) { return entry.second > rows[i].value; });
      EXPECT_EQ(rows[i].rank, static_cast<std::size_t>(better) + 1);
    }
  }

  // Threads that hit, and now and then remove, until they end.
  std::vector<std::jthread> writers(std::atomic<bool>& is_over) {
    std::vector<std::jthread> threads;
    for (int thread = 0; thread < 3; ++thread)
      threads.emplace_back([this, &is_over, thread] {
        for (int turn = 0; !is_over; ++turn) {
          std::vector<game::SentCommand> sent;
          for (int i = 0; i < 5; ++i) {
            const std::string arena = "raid-" + std::to_string((turn + i) % 4);
            const std::string id = std::to_string((turn * 7 + i * thread) % 30);
            sent.push_back(turn % 11 == 10 ? removed(arena, id, std::nullopt)
                                           : hit(arena, id, (turn + i) % 5));
          }
          run(std::move(sent));
        }
      });
    return threads;
  }

  game::Directory directory_;
  std::vector<std::unique_ptr<sql::Db>> dbs_;
  std::vector<game::ShardDb> shards_;
  std::unique_ptr<sql::Db> main_;
  std::unique_ptr<sql::Db> db_;
  std::unique_ptr<journal::IdMaker> ids_;
  std::unique_ptr<sequencer::Sequencer> sequencer_;
  std::unique_ptr<game::Commands> commands_;
  std::unique_ptr<Definitions> definitions_;
  std::mutex boards_mutex_;
  std::unique_ptr<Boards> boards_;
  io::InlineExecutor inline_;
};
MATSURI_FOR_EACH_ENGINE(BoardsTest);

TEST_P(BoardsTest, FollowWhatIsApplied) {
  ASSERT_NO_FATAL_FAILURE(start(2));
  const auto sum = define(damage_board(1, Combine::sum));
  const auto best = define(damage_board(2, Combine::best));
  const auto one = define(damage_board(3, Combine::best, "b"));
  ASSERT_TRUE(sum.ok() && best.ok() && one.ok());
  for (const auto& board : {*sum, *best, *one}) ASSERT_TRUE(wait_until_ready(board));
  ASSERT_TRUE(passes(run({hit("a", "w", 1, theirs)}, theirs)));
  const game::Places token =
      run({hit("a", "x", 5), hit("b", "x", 4), hit("a", "y", 9), hit("b", "z", 9)});
  ASSERT_TRUE(passes(token));
  EXPECT_EQ(values_of(*sum), (std::map<std::string, std::int64_t>{{"x", 9}, {"y", 9}, {"z", 9}}));
  EXPECT_EQ(rows_of(*best).back(), (Row{3, "x", 5}));
  EXPECT_EQ(values_of(*one), (std::map<std::string, std::int64_t>{{"x", 4}, {"z", 9}}));
  // A field that goes, and an entity that goes whole.
  ASSERT_TRUE(passes(run({removed("a", "x", damage), removed("b", "z", std::nullopt)})));
  EXPECT_EQ(values_of(*sum), (std::map<std::string, std::int64_t>{{"x", 4}, {"y", 9}}));
  const auto around = boards_->around(sum->id, "x", 1);
  ASSERT_TRUE(around.ok());
  EXPECT_EQ(around->rows, std::vector<Row>({{2, "x", 4}}));
  EXPECT_TRUE(boards_->around(sum->id, "z", 1)->rows.empty());
  for (const auto& board : {*sum, *best, *one}) expect_counted(board);
}

TEST_P(BoardsTest, AroundSomebodyThereAreAsManyAsThereCanBe) {
  ASSERT_NO_FATAL_FAILURE(start(1));
  const auto board = define(damage_board(1, Combine::best));
  ASSERT_TRUE(board.ok() && wait_until_ready(*board));
  std::vector<game::SentCommand> sent;
  for (int i = 0; i < 9; ++i) sent.push_back(hit("a", std::to_string(i), 100 - i));
  ASSERT_TRUE(passes(run(std::move(sent))));
  const auto first_of = [&](const char* id, std::size_t count) {
    const auto page = boards_->around(board->id, id, count);
    EXPECT_TRUE(page.ok());
    EXPECT_EQ(page->rows.size(), std::min<std::size_t>(count, 9));
    EXPECT_EQ(page->index, page->rows.front().rank - 1);
    return page->rows.front().id;
  };
  EXPECT_EQ(first_of("4", 3), "3");
  EXPECT_EQ(first_of("4", 4), "2");
  EXPECT_EQ(first_of("0", 3), "0");
  EXPECT_EQ(first_of("8", 3), "6");
  EXPECT_EQ(first_of("8", 1), "8");
  EXPECT_EQ(first_of("2", 20), "0");
}

TEST_P(BoardsTest, AreFilledWhileOthersWrite) {
  ASSERT_NO_FATAL_FAILURE(start(2));
  // More than a page of the fill, in one arena and across many.
  std::vector<game::SentCommand> sent;
  for (int i = 0; i < 3000; ++i) {
    sent.push_back(hit(i % 3 == 0 ? "one" : "arena-" + std::to_string(i % 50),
                       "r" + std::to_string(i), i % 90));
    if (sent.size() == 500) run(std::exchange(sent, {}));
  }
  std::atomic<bool> is_over = false;
  auto threads = writers(is_over);
  const auto sum = define(damage_board(1, Combine::sum));
  const auto one = define(damage_board(2, Combine::best, "one"));
  ASSERT_TRUE(sum.ok() && one.ok());
  EXPECT_TRUE(wait_until_ready(*sum) && wait_until_ready(*one));
  const auto late = define(damage_board(3, Combine::best));
  ASSERT_TRUE(late.ok());
  EXPECT_TRUE(wait_until_ready(*late));
  is_over = true;
  threads.clear();
  ASSERT_NO_FATAL_FAILURE(catch_up());
  EXPECT_GE(boards_->status(sum->id).filled, 3000U);
  for (const auto& board : {*sum, *one, *late}) expect_counted(board);
  EXPECT_EQ(counted(*one).size(), 1000U);
}

TEST_P(BoardsTest, GoOnWhereTheyWereAfterAStart) {
  ASSERT_NO_FATAL_FAILURE(start(2));
  const auto board = define(damage_board(1, Combine::sum));
  ASSERT_TRUE(board.ok() && wait_until_ready(*board));
  std::atomic<bool> is_over = false;
  auto threads = writers(is_over);
  for (int turn = 0; turn < 5; ++turn) {
    std::this_thread::sleep_for(50ms);
    stop_boards();
    start_boards();
  }
  is_over = true;
  threads.clear();
  ASSERT_TRUE(wait_until_ready(*board));
  ASSERT_NO_FATAL_FAILURE(catch_up());
  expect_counted(*board);
  EXPECT_EQ(boards_->status(board->id).filled, 0U);  // and not by another fill
}

TEST_P(BoardsTest, HoldWhileSlotsMove) {
  ASSERT_NO_FATAL_FAILURE(start(2));
  const auto sum = define(damage_board(1, Combine::sum));
  ASSERT_TRUE(sum.ok() && wait_until_ready(*sum));
  std::atomic<bool> is_over = false;
  auto threads = writers(is_over);
  std::vector<Board> boards = {*sum};
  for (std::uint32_t turn = 0; turn < 3; ++turn) {
    std::vector<sequencer::Wish> wishes;
    for (std::uint32_t i = 0; i < 4; ++i)
      wishes.push_back(
          {.slot = sequencer::slot_of(ours, "raid-" + std::to_string(i)), .shard = (turn + i) % 2});
    ASSERT_TRUE(sequencer::wish(*dbs_.front(), wishes).ok());
    sequencer_->look_at_wishes();
    // One is filled meanwhile.
    const auto filled = define(damage_board(10 + turn, Combine::best));
    ASSERT_TRUE(filled.ok());
    boards.push_back(*filled);
    EXPECT_TRUE(wait_for([&] {
      const auto left = sequencer::read_wishes(*dbs_.front());
      return left.ok() && left->empty();
    }));
    EXPECT_TRUE(wait_until_ready(*filled));
  }
  is_over = true;
  threads.clear();
  ASSERT_NO_FATAL_FAILURE(catch_up());
  for (const Board& board : boards) expect_counted(board);
}

TEST_P(BoardsTest, AreFilledAnewWhereAShardIsAnother) {
  ASSERT_NO_FATAL_FAILURE(start(1));
  const auto board = define(damage_board(1, Combine::sum));
  ASSERT_TRUE(board.ok() && wait_until_ready(*board));
  const game::Places lost = run({hit("a", "x", 5), hit("a", "y", 7)});
  ASSERT_TRUE(passes(lost));
  stop_boards();
  // What a restore does: the tables are those of another moment, under another incarnation.
  ASSERT_TRUE(dbs_.front()
                  ->write_and_wait([](sql::Connection& connection) -> Result<void> {
                    TRY(
                        connection.execute("UPDATE entity SET fields = '{\"damage\":2}'"
                                           " WHERE id = 'x'"));
                    TRY(connection.execute("DELETE FROM entity WHERE id = 'y'"));
                    return {};
                  })
                  .ok());
  shards_.front().incarnation = 99;
  start_boards();
  ASSERT_TRUE(wait_until_ready(*board));
  EXPECT_EQ(values_of(*board), (std::map<std::string, std::int64_t>{{"x", 2}}));
  EXPECT_TRUE(passed(lost));  // nothing to wait for
}

// Commands went that it had not read, with the entities that they changed still there.
TEST_P(BoardsTest, AreFilledAnewWhereDaysOfCommandsWent) {
  ASSERT_NO_FATAL_FAILURE(start(2));
  const auto board = define(damage_board(1, Combine::sum));
  ASSERT_TRUE(board.ok() && wait_until_ready(*board));
  ASSERT_TRUE(passes(run({hit("a", "x", 5), hit("b", "y", 7)})));
  stop_boards();
  run({hit("a", "x", 1), hit("b", "z", 3), hit("c", "z", 4)});
  for (const auto& db : dbs_) ASSERT_TRUE(sequencer::drop_days_until_now(*db).ok());
  start_boards();
  const game::Places after = run({hit("a", "y", 2)});
  // It was ready until it read on.
  ASSERT_TRUE(passes(after));
  ASSERT_TRUE(wait_until_ready(*board));
  EXPECT_EQ(values_of(*board), (std::map<std::string, std::int64_t>{{"x", 6}, {"y", 9}, {"z", 7}}));
}

TEST_P(BoardsTest, ReadAgainWhatAnotherProcessWrote) {
  ASSERT_NO_FATAL_FAILURE(start(1));
  const auto board = define(damage_board(1, Combine::sum));
  ASSERT_TRUE(board.ok() && wait_until_ready(*board));
  ASSERT_TRUE(passes(run({hit("a", "x", 5)})));
  ASSERT_TRUE(db_->write_and_wait([](sql::Connection& connection) -> Result<void> {
                   TRY(connection.execute("UPDATE board_place SET rev = rev + 7"));
                   return {};
                 })
                  .ok());
  run({hit("a", "x", 5), hit("a", "y", 1)});
  ASSERT_NO_FATAL_FAILURE(catch_up());
  expect_counted(*board);
  EXPECT_EQ(values_of(*board).at("x"), 10);
}

TEST_P(BoardsTest, NobodyWaitsForWhatDoesNotCome) {
  ASSERT_NO_FATAL_FAILURE(start(1));
  const auto board = define(damage_board(1, Combine::sum));
  ASSERT_TRUE(board.ok() && wait_until_ready(*board));
  game::Places future;
  future.raise(shards_.front().incarnation, 1'000'000);
  EXPECT_FALSE(passed(future));
  game::Places other_life;
  other_life.raise(12345, 1'000'000);
  EXPECT_TRUE(passed(other_life));
  auto waits = std::async(std::launch::async, [&] { return passed(future); });
  boards_->drain();
  EXPECT_FALSE(waits.get());
}

TEST_P(BoardsTest, AreAtMostSixteenOfATitle) {
  ASSERT_NO_FATAL_FAILURE(start(1));
  for (std::uint64_t i = 1; i <= board_count_max; ++i)
    ASSERT_TRUE(define(damage_board(i, Combine::sum)).ok());
  EXPECT_EQ(define(damage_board(99, Combine::sum)).error().code(), Code::exhausted);
  // One that is there may be another, and one that goes makes room.
  const auto changed = define(damage_board(3, Combine::best));
  ASSERT_TRUE(changed.ok());
  EXPECT_EQ(drop("board4"), Code{});
  EXPECT_EQ(drop("board4"), Code::not_found);
  EXPECT_TRUE(define(damage_board(99, Combine::sum)).ok());
  EXPECT_EQ(definitions_->of(ours).size(), board_count_max);
  EXPECT_TRUE(definitions_->of(theirs).empty());
}

TEST_P(BoardsTest, WhatCountsAlikeStaysAndAllElseIsCountedAnew) {
  ASSERT_NO_FATAL_FAILURE(start(1));
  run({hit("a", "x", 5), hit("b", "x", 3), hit("a", "y", 4), hit("a", "z", 3)});
  auto board = define(damage_board(1, Combine::best));
  ASSERT_TRUE(board.ok() && wait_until_ready(*board));
  Board smaller = *board;
  smaller.size = 2;
  const auto resized = define(smaller);
  ASSERT_TRUE(resized.ok());
  EXPECT_EQ(resized->id, board->id);
  ASSERT_TRUE(wait_for([&] { return boards_->status(board->id).count == 2; }));
  // Who was left out comes back where there is room.
  ASSERT_TRUE(passes(run({removed("a", "y", damage)})));
  EXPECT_EQ(rows_of(*board), std::vector<Row>({{1, "x", 5}, {2, "z", 3}}));
  const auto other = define(damage_board(1, Combine::sum));
  ASSERT_TRUE(other.ok());
  EXPECT_NE(other->id, board->id);
  ASSERT_TRUE(wait_until_ready(*other));
  EXPECT_EQ(values_of(*other).at("x"), 8);
  ASSERT_TRUE(wait_for([&] { return boards_->status(board->id).state == State::filling; }));
  std::int64_t left = -1;
  ASSERT_TRUE(wait_for([&] {
    EXPECT_TRUE(db_->read_and_wait([&](sql::Connection& connection) -> Result<void> {
                     TRY_ASSIGN(
                         const auto count,
                         connection.integer("SELECT COUNT(*) FROM board_part WHERE board = ?",
                                            {board->id.value}));
                     left = count.value_or(-1);
                     return {};
                   })
                    .ok());
    return left == 0;
  }));
}

}  // namespace
}  // namespace matsuri::board
