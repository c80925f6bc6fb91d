// Goal: the thread that drives trades, with the sequencer and the tables of production: answers,
// retries, what a stop or a lack of room leaves undone, and what becomes of old rows.
// Method: two shards and a main database on each engine; clocks that the test moves.
#include "game/trades.h"

#include <gtest/gtest.h>

#include <chrono>
#include <future>
#include <thread>

#include "game/schema.h"
#include "game/testing/trade_world.h"
#include "sequencer/history.h"
#include "sequencer/testing/world.h"
#include "sql/testing/engines.h"

namespace matsuri::game {
namespace {

using sequencer::Verdict;

// Runs with the machine's, ahead by what the test says.
class ShiftedClock final : public io::Clock {
 public:
  std::int64_t unix_ms() const override { return io::system_clock().unix_ms() + ahead_ms; }
  std::int64_t monotonic_us() const override { return io::system_clock().monotonic_us(); }
  std::atomic<std::int64_t> ahead_ms{0};
};

class TradesTest : public sql::ForEachEngine {
 protected:
  void SetUp() override {
    ForEachEngine::SetUp();
    if (IsSkipped()) return;
    main_ = open();
    ASSERT_TRUE(main_->migrate("game", migrations()).ok());
    shards_.push_back(open());
    shards_.push_back(open());
    directory_.put_schema(trade_title, 1, std::make_shared<const TitleSchema>(trade_schema()));
    start();
  }
  void TearDown() override {
    stop();
    shards_.clear();
    main_.reset();
  }

  // What settles is waited for, however slow the machine is.
  void start(std::int64_t settle_wait_ms = 20'000) {
    sequencer::SequencerOptions options{.owner = {.name = "node 1"}};
    for (const auto& db : shards_) options.shards.push_back(db.get());
    auto started = sequencer::Sequencer::start(options, directory_.schemas(), clock_);
    ASSERT_TRUE(started.ok()) << started.error().to_string();
    sequencer_ = std::move(*started);
    trades_ = std::make_unique<Trades>(TradesParts{.db = *main_,
                                                   .sequencer = *sequencer_,
                                                   .directory = directory_,
                                                   .clock = clock_,
                                                   .random = io::system_random(),
                                                   .make_points = moves_alone,
                                                   .on_applied = {},
                                                   .machine = {},
                                                   .settle_wait_ms = settle_wait_ms,
                                                   .look_ms = 50});
  }
  void stop() {
    if (trades_ != nullptr) trades_->stop();
    sequencer_.reset();
    trades_.reset();
  }

  // Arenas that are in both shards.
  std::string arena_in(std::size_t shard) const {
    for (int i = 0;; ++i)
      if (std::string arena = "arena " + std::to_string(i);
          sequencer_->shard_of(trade_title, arena) == shard)
        return arena;
  }

  sequencer::Answer ask(const std::string& arena, sequencer::Request request) {
    std::promise<sequencer::Answer> answered;
    sequencer_->submit(trade_title, arena, std::move(request), inline_,
                       [&](sequencer::Answer got) { answered.set_value(std::move(got)); });
    return answered.get_future().get();
  }
  void set(const std::string& arena, std::int64_t gold_value, std::int64_t gems_value) {
    sequencer::Command command{.key = keys_.make(clock_.unix_ms()), .entities = {purse_in(arena)}};
    command.steps = {{.field = gold, .operation = sequencer::Operation::set, .value = gold_value},
                     {.field = gems, .operation = sequencer::Operation::set, .value = gems_value}};
    EXPECT_EQ(ask(arena, sequencer::Chain{{command}}).outcomes.at(0).verdict, Verdict::applied);
  }
  sequencer::Entity entity(const sequencer::EntityName& name) {
    return ask(name.arena, sequencer::Read{{name}}).entities.at(0);
  }
  std::int64_t gold_of(const std::string& arena) { return entity(purse_in(arena)).get(gold); }

  Result<TradeTold> run(const Trade& trade) {
    std::promise<Result<TradeTold>> told;
    trades_->run(trade, inline_, [&](Result<TradeTold> got) { told.set_value(std::move(got)); });
    return told.get_future().get();
  }
  Result<std::optional<TradeTold>> find(const sequencer::Key& key) {
    std::promise<Result<std::optional<TradeTold>>> told;
    trades_->find(trade_title, key, inline_, [&](auto got) { told.set_value(std::move(got)); });
    return told.get_future().get();
  }
  // True as soon as `is` is.
  template <class Is>
  bool comes(Is is) {
    for (int i = 0; i < 500; ++i) {
      if (is()) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    return false;
  }
  std::int64_t row_count() {
    std::int64_t count = -1;
    EXPECT_TRUE(main_
                    ->read_and_wait([&](sql::Connection& connection) -> Result<void> {
                      TRY_ASSIGN(const auto found,
                                 connection.integer("SELECT COUNT(*) FROM trade"));
                      count = found.value_or(-1);
                      return {};
                    })
                    .ok());
    return count;
  }

  Trade swap(std::int64_t gold_value, std::int64_t gems_value) {
    return trade_of(keys_.make(clock_.unix_ms()),
                    {{.arena = arena_in(0), .take_gold = gold_value, .give_gems = gems_value},
                     {.arena = arena_in(1), .take_gems = gems_value, .give_gold = gold_value}});
  }

  sequencer::Keys keys_{static_cast<std::uint64_t>(io::system_clock().unix_ms())};
  ShiftedClock clock_;
  Directory directory_;
  std::unique_ptr<sql::Db> main_;
  std::vector<std::unique_ptr<sql::Db>> shards_;
  std::unique_ptr<sequencer::Sequencer> sequencer_;
  std::unique_ptr<Trades> trades_;
  io::InlineExecutor inline_;
};
MATSURI_FOR_EACH_ENGINE(TradesTest);

TEST_P(TradesTest, AppliesOnceAndRemembers) {
  set(arena_in(0), 500, 0);
  set(arena_in(1), 0, 5);
  const Trade trade = swap(100, 3);
  const auto told = run(trade);
  ASSERT_TRUE(told.ok()) << told.error().to_string();
  EXPECT_EQ(outcome_of(*told), "applied");
  EXPECT_TRUE(told->is_settled);
  EXPECT_FALSE(told->is_duplicate);
  EXPECT_TRUE(run(trade)->is_duplicate);
  EXPECT_EQ(gold_of(arena_in(0)), 400);
  EXPECT_EQ(gold_of(arena_in(1)), 100);
  Trade other = trade;
  other.legs[0].take[0].value = 99;
  EXPECT_EQ(outcome_of(*run(other)), "key_reuse");
  stop();
  start();
  EXPECT_EQ(outcome_of(*run(trade)), "applied");
  EXPECT_EQ(outcome_of(**find(trade.key)), "applied");
  EXPECT_EQ(gold_of(arena_in(0)), 400);
  EXPECT_FALSE(find(keys_.make(clock_.unix_ms()))->has_value());
}

TEST_P(TradesTest, TheSameTradeAtOnceIsOne) {
  set(arena_in(0), 500, 0);
  set(arena_in(1), 0, 5);
  const Trade trade = swap(100, 3);
  std::atomic<int> first = 0;
  {
    std::vector<std::jthread> senders;
    for (int i = 0; i < 12; ++i)
      senders.emplace_back([&] {
        const auto told = run(trade);
        ASSERT_TRUE(told.ok());
        EXPECT_EQ(outcome_of(*told), "applied");
        if (!told->is_duplicate) ++first;
      });
  }
  EXPECT_EQ(first, 1);
  EXPECT_EQ(gold_of(arena_in(0)), 400);
}

TEST_P(TradesTest, RefusedIsUndone) {
  set(arena_in(0), 500, 0);
  set(arena_in(1), 0, 2);
  const Trade trade = swap(100, 3);
  const auto told = run(trade);
  ASSERT_TRUE(told.ok());
  EXPECT_EQ(outcome_of(*told), "rejected");
  EXPECT_TRUE(told->is_settled);
  EXPECT_EQ(told->standing.why->leg, 1);
  EXPECT_EQ(gold_of(arena_in(0)), 500);
  EXPECT_FALSE(entity(hold_in(arena_in(0), trade.key)).exists());
}

// A row that somebody left: pending with a leg held, or decided with a leg to go.
TEST_P(TradesTest, TakesUpWhatACrashLeft) {
  set(arena_in(0), 500, 0);
  set(arena_in(1), 0, 5);
  const Trade fresh = swap(100, 1);
  Trade late = swap(50, 1);
  Trade decided = swap(30, 1);
  for (const Trade& trade : {fresh, late, decided})
    EXPECT_EQ(
        ask(trade.legs[0].arena, sequencer::Chain{{hold_command(trade, 0)}}).outcomes.at(0).verdict,
        Verdict::applied);
  EXPECT_EQ(ask(decided.legs[1].arena, sequencer::Chain{{hold_command(decided, 1)}})
                .outcomes.at(0)
                .verdict,
            Verdict::applied);
  EXPECT_EQ(gold_of(arena_in(0)), 320);
  ASSERT_TRUE(main_
                  ->write_and_wait([&](sql::Connection& connection) -> Result<void> {
                    const auto keep = [&](const Trade& trade, std::int64_t age_ms) {
                      return keep_trade(connection,
                                        {.title = trade_title,
                                         .key = trade.key,
                                         .content = to_text(trade, trade_schema()),
                                         .standing = {.created_ms = clock_.unix_ms() - age_ms}});
                    };
                    TRY(keep(fresh, 0));
                    TRY(keep(late, 31'000));
                    TRY(keep(decided, 0));
                    TRY(decide_trade(connection, trade_title, decided.key, TradeState::committed,
                                     std::nullopt));
                    return {};
                  })
                  .ok());
  const auto settled = [&](const Trade& trade) {
    const auto told = find(trade.key);
    return told.ok() && *told && (*told)->is_settled ? std::string(outcome_of(**told)) : "";
  };
  EXPECT_TRUE(comes([&] { return settled(fresh) == "applied"; }));
  EXPECT_TRUE(comes([&] { return settled(late) == "expired"; }));
  EXPECT_TRUE(comes([&] { return settled(decided) == "applied"; }));
  EXPECT_EQ(gold_of(arena_in(0)), 370);
  EXPECT_EQ(gold_of(arena_in(1)), 130);
}

// What a restore may show: main knows that it is done, a shard still holds.
TEST_P(TradesTest, ARestoreEndsWhatIsHeldAgain) {
  set(arena_in(0), 500, 0);
  set(arena_in(1), 0, 5);
  const Trade trade = swap(100, 3);
  EXPECT_EQ(
      ask(trade.legs[0].arena, sequencer::Chain{{hold_command(trade, 0)}}).outcomes.at(0).verdict,
      Verdict::applied);
  ASSERT_TRUE(main_
                  ->write_and_wait([&](sql::Connection& connection) -> Result<void> {
                    TRY(keep_trade(connection, {.title = trade_title,
                                                .key = trade.key,
                                                .content = to_text(trade, trade_schema()),
                                                .standing = {.created_ms = clock_.unix_ms()}}));
                    TRY(decide_trade(connection, trade_title, trade.key, TradeState::committed,
                                     std::nullopt));
                    TRY(finish_trade(connection, trade_title, trade.key));
                    return reopen_trades(connection);
                  })
                  .ok());
  EXPECT_TRUE(comes([&] { return (*find(trade.key))->is_settled; }));
  EXPECT_FALSE(entity(hold_in(arena_in(0), trade.key)).exists());
  EXPECT_EQ(entity(purse_in(arena_in(0))).get(gems), 3);
}

TEST_P(TradesTest, WaitsForRoomAndSaysSo) {
  stop();
  start(300);  // This one does not settle.
  set(arena_in(0), 500, 0);
  set(arena_in(1), 0, 5);
  const Trade trade = swap(100, 3);
  // Held on both sides; then others fill the room before it is committed.
  for (std::size_t leg = 0; leg < 2; ++leg)
    EXPECT_EQ(ask(trade.legs[leg].arena, sequencer::Chain{{hold_command(trade, leg)}})
                  .outcomes.at(0)
                  .verdict,
              Verdict::applied);
  set(arena_in(1), 950, 2);
  const auto told = run(trade);
  ASSERT_TRUE(told.ok()) << told.error().to_string();
  EXPECT_EQ(outcome_of(*told), "applied");
  EXPECT_FALSE(told->is_settled);
  EXPECT_TRUE(entity(hold_in(arena_in(1), trade.key)).exists());
  EXPECT_FALSE((*find(trade.key))->is_settled);
  set(arena_in(1), 900, 2);
  EXPECT_TRUE(comes([&] { return (*find(trade.key))->is_settled; }));
  EXPECT_EQ(gold_of(arena_in(1)), gold_max);
  EXPECT_FALSE(entity(hold_in(arena_in(1), trade.key)).exists());
}

TEST_P(TradesTest, OldRowsAndTheirTombstonesGo) {
  const Trade trade = swap(100, 3);
  ASSERT_TRUE(main_
                  ->write_and_wait([&](sql::Connection& connection) -> Result<void> {
                    TRY(keep_trade(connection, {.title = trade_title,
                                                .key = trade.key,
                                                .content = to_text(trade, trade_schema()),
                                                .standing = {.created_ms = 1}}));
                    return {};
                  })
                  .ok());
  EXPECT_TRUE(comes([&] { return (*find(trade.key))->is_settled; }));
  EXPECT_EQ(entity(hold_in(arena_in(0), trade.key)).get(hold_state), state_void);
  stop();
  start();
  EXPECT_TRUE(comes([&] { return row_count() == 0; }));
  EXPECT_FALSE(entity(hold_in(arena_in(0), trade.key)).exists());
  EXPECT_FALSE(entity(hold_in(arena_in(1), trade.key)).exists());
}

TEST_P(TradesTest, WhoWaitsAtTheEndIsAnswered) {
  set(arena_in(0), 500, 0);
  set(arena_in(1), 0, 500);
  std::atomic<int> answered = 0;
  for (int i = 0; i < 200; ++i)
    trades_->run(swap(1, 1), inline_, [&](const Result<TradeTold>&) { ++answered; });
  stop();
  EXPECT_EQ(answered, 200);
  start();
  EXPECT_TRUE(comes([&] {
    std::int64_t undone = -1;
    EXPECT_TRUE(main_
                    ->read_and_wait([&](sql::Connection& connection) -> Result<void> {
                      TRY_ASSIGN(const auto rows, undone_trades(connection, {}, 1000));
                      undone = static_cast<std::int64_t>(rows.size());
                      return {};
                    })
                    .ok());
    return undone == 0;
  }));
  EXPECT_EQ(gold_of(arena_in(0)) + gold_of(arena_in(1)), 500);
}

}  // namespace
}  // namespace matsuri::game
