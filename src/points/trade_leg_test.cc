// Goal: a leg of points is what its moves say, once, whatever comes twice, late or out of order, by
// the ledger's own rules: nobody's points but the player's, no other title's campaign or sink, no
// budget overdrawn; what is held is seen and can't be spent; and the ledger adds up at every step.
// Method: the commands alone, in any order, by decide(); then the trades of production, on both
// engines, with the keeper and the doctor looking on.
#include "points/trade_leg.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>

#include "game/schema.h"
#include "game/testing/trade_world.h"
#include "game/trades.h"
#include "points/check.h"
#include "points/testing/world.h"
#include "points/transfer.h"
#include "sequencer/decide.h"
#include "sequencer/testing/seeds.h"

namespace matsuri::points::testing {
namespace {

using game::PointsLeg;
using game::PointsMove;
using sequencer::Command;
using sequencer::Outcome;
using sequencer::Verdict;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr std::int64_t now_ms = 1'790'000'000'000;

game::Trade trade_by(AccountId by, const sequencer::Key& key, TitleId title = testing::game) {
  return {.title = title, .key = key, .player = by, .reason = "shop.buy"};
}

// Entities as commands leave them, and a look at each command as the keeper has it.
class World {
 public:
  Outcome run(Command command) {
    command.key = keys_.make(now_ms);
    EXPECT_TRUE(sequencer::check(command, points_schema()).ok())
        << sequencer::check(command, points_schema()).error().to_string();
    std::vector<sequencer::Entity> before;
    for (const sequencer::EntityName& name : command.entities) before.push_back(entities_[name]);
    const auto decision = sequencer::decide(command, before, points_schema(), now_ms);
    if (decision.outcome.verdict != Verdict::applied) return decision.outcome;
    Posted posted{.command = {.seq = ++seq_}, .left = {}};
    for (std::size_t i = 0; i < before.size(); ++i) {
      const sequencer::EntityName& name = command.entities[i];
      entities_[name] = decision.after[i];
      posted.left.push_back({.name = {name.kind, name.id}, .state = decision.after[i]});
    }
    for (const Fault& fault : post(posted, purses_)) ADD_FAILURE() << fault.text;
    return decision.outcome;
  }
  std::int64_t balance(sequencer::KindIndex kind, const std::string& id) const {
    const auto found = purses_.find({kind, id});
    return found == purses_.end() ? 0 : found->second.balance;
  }
  std::int64_t held(sequencer::KindIndex kind, const std::string& id) const {
    const auto found = purses_.find({kind, id});
    return found == purses_.end() ? 0 : found->second.held;
  }
  std::int64_t sum() const {
    std::int64_t sum = 0;
    for (const auto& [name, state] : purses_) sum += state.balance;
    return sum;
  }

 private:
  std::map<sequencer::EntityName, sequencer::Entity> entities_;
  Purses purses_;
  sequencer::Keys keys_{2};
  std::uint64_t seq_ = 0;
};

class TradeLegCommands : public ::testing::Test {
 protected:
  void SetUp() override {
    const Asked by{.key = keys_.make(now_ms), .by = admin, .title = {}, .reason = ""};
    for (const auto& [name, owner] : {std::pair("summer", testing::game), {"theirs", other_game}}) {
      EXPECT_EQ(world_.run(create_campaign(by, name, owner, 1000).command).verdict,
                Verdict::applied);
      EXPECT_EQ(world_.run(create_sink(by, name, owner).command).verdict, Verdict::applied);
    }
    give(player(0), 100);
  }
  void give(AccountId account, std::int64_t amount) {
    const Asked by{.key = keys_.make(now_ms), .by = {}, .title = testing::game, .reason = ""};
    const std::string event = "e" + std::to_string(++event_count_);
    EXPECT_EQ(world_.run(grant(by, {event, "summer", account, amount}).command).verdict,
              Verdict::applied);
  }
  PointsLeg leg(std::vector<PointsMove> moves, AccountId by = player(0)) {
    auto made = make_trade_leg(trade_by(by, keys_.make(now_ms)), std::move(moves));
    EXPECT_TRUE(made.ok()) << made.error().to_string();
    return std::move(*made);
  }
  static std::string why(const PointsLeg& leg, const Outcome& outcome) {
    if (outcome.verdict == Verdict::applied) return "";
    if (outcome.guard == 0) return "hold";
    const game::Refusal& refusal = leg.whys.at(outcome.guard - 1U);
    return std::to_string(refusal.index) + ": " + refusal.message;
  }

  sequencer::Keys keys_{1};
  World world_;
  int event_count_ = 0;
};

TEST_F(TradeLegCommands, HoldsAndThenPaysOrGivesBack) {
  const std::vector<PointsMove> moves = {{"account:101", "spend:summer", 60},
                                         {"campaign:summer", "account:101", 7},
                                         {"account:101", "account:102", 30},
                                         {"campaign:summer", "account:102", 5}};
  const PointsLeg voided = leg(moves), committed = leg(moves);
  EXPECT_EQ(voided.paid, (std::vector<AccountId>{player(0), player(1)}));
  EXPECT_TRUE(voided.takes_from_player);
  const auto expect = [&](std::array<std::int64_t, 6> is) {
    EXPECT_EQ(
        (std::array{world_.balance(account_kind, "101"), world_.held(account_kind, "101"),
                    world_.balance(account_kind, "102"), world_.balance(sink_kind, "summer"),
                    world_.balance(campaign_kind, "summer"), world_.held(campaign_kind, "summer")}),
        is);
  };
  expect({100, 0, 0, 0, 900, 0});
  EXPECT_EQ(why(voided, world_.run(voided.hold)), "");
  expect({10, 90, 0, 0, 888, 12});
  EXPECT_EQ(why(committed, world_.run(committed.hold)), "0: the account has less than that");
  EXPECT_EQ(why(voided, world_.run(voided.undo)), "");
  expect({100, 0, 0, 0, 900, 0});
  EXPECT_EQ(why(committed, world_.run(committed.hold)), "");
  EXPECT_EQ(why(committed, world_.run(committed.commit)), "");
  expect({17, 0, 35, 60, 888, 0});
  // What comes late finds that it is over.
  for (const PointsLeg* one : {&voided, &committed})
    for (const Command* command : {&one->hold, &one->commit, &one->undo, &one->bury})
      EXPECT_EQ(world_.run(*command).guard, 0);
  expect({17, 0, 35, 60, 888, 0});
}

TEST_F(TradeLegCommands, ALateHoldFindsTheTombstone) {
  const PointsLeg one = leg({{"account:101", "spend:summer", 60}});
  EXPECT_EQ(world_.run(one.bury).verdict, Verdict::applied);
  EXPECT_EQ(why(one, world_.run(one.hold)), "hold");
  EXPECT_EQ(world_.balance(account_kind, "101"), 100);
}

TEST_F(TradeLegCommands, SayWhichMoveIsRefused) {
  const PointsMove fine{"account:101", "spend:summer", 1};
  for (const auto& [move, message] :
       {std::pair(PointsMove{"account:101", "spend:theirs", 1}, "1: the title has no such sink"),
        {PointsMove{"account:101", "spend:none", 1}, "1: the title has no such sink"},
        {PointsMove{"campaign:theirs", "account:102", 1}, "1: the title has no such campaign"},
        {PointsMove{"campaign:none", "account:102", 1}, "1: the title has no such campaign"},
        {PointsMove{"campaign:summer", "account:102", 901}, "1: the campaign has less than that"},
        {PointsMove{"account:101", "account:102", 100}, "0: the account has less than that"}}) {
    const PointsLeg one = leg({fine, move});
    EXPECT_EQ(why(one, world_.run(one.hold)), message);
  }
  EXPECT_EQ(world_.balance(account_kind, "101"), 100);
}

TEST_F(TradeLegCommands, TakeOnlyWhatMayChangeHands) {
  const auto code = [&](const PointsMove& move, AccountId by = player(0)) {
    const auto made = make_trade_leg(trade_by(by, keys_.make(now_ms)), {move});
    return made.ok() ? Code{} : made.error().code();
  };
  EXPECT_EQ(code({"account:101", "account:102", 1}), Code{});
  EXPECT_EQ(code({"account:101", "account:102", amount_max}), Code{});
  for (const PointsMove& wrong : std::initializer_list<PointsMove>{
           {"account:101", "account:102", 0},
           {"account:101", "account:102", amount_max + 1},
           {"account:101", "account:101", 1},
           {"account:101", "campaign:summer", 1},
           {"campaign:summer", "spend:summer", 1},
           {"campaign:summer", "campaign:theirs", 1},
           {"spend:summer", "account:101", 1},
           {"source:issue", "account:101", 1},
           {"hold:x", "account:101", 1},
           {"account:101", "grant:summer/e1", 1},
           {"account:101", "account:0102", 1},
           {"account:", "account:101", 1},
           {"account", "account:101", 1},
           {"campaign:SUMMER", "account:101", 1},
           {"campaign:" + std::string(purse_name_size_max + 1, 'x'), "account:101", 1}})
    EXPECT_EQ(code(wrong), Code::invalid) << wrong.from << " " << wrong.to;
  for (const AccountId by : {AccountId{}, player(1)})
    EXPECT_EQ(code({"account:101", "account:102", 1}, by), Code::denied);
  EXPECT_EQ(code({"campaign:summer", "account:101", 1}, {}), Code{});
}

// The largest legs there are: check() looks at them in run().
TEST_F(TradeLegCommands, TheLargestAreWellFormed) {
  std::vector<PointsMove> grants, pays;
  for (std::size_t i = 0; i < game::points_move_count_max; ++i) {
    const std::string name(purse_name_size_max, static_cast<char>('a' + i));
    grants.push_back({"campaign:" + name, "account:" + std::to_string(102 + i), amount_max});
    pays.push_back({"account:101", "spend:" + name, amount_max});
  }
  std::vector<PointsMove> both(grants.begin(), grants.begin() + 3);
  both.insert(both.end(), pays.begin(), pays.begin() + 3);
  for (const auto& moves : {grants, pays, both}) {
    const PointsLeg one = leg(moves);
    for (const Command* command : {&one.hold, &one.commit, &one.undo, &one.bury}) {
      const Outcome outcome = world_.run(*command);
      EXPECT_TRUE(sequencer::is_decided(outcome.verdict)) << outcome.message;
    }
  }
}

// Any commands of many legs in any order, each any number of times: each leg ends at most once, and
// what is there is what those that were committed moved.
TEST_F(TradeLegCommands, AddUpInAnyOrder) {
  std::mt19937_64 random(sequencer::base_seed());
  SCOPED_TRACE(sequencer::base_seed());
  give(player(1), 100);
  give(player(2), 100);
  struct One {
    PointsLeg leg;
    int committed = 0;
  };
  std::vector<One> all;
  for (int i = 0; i < 400; ++i) {
    const std::size_t payer = random() % 3;
    const std::string account = "account:" + std::to_string(player(payer).value);
    const auto amount = static_cast<std::int64_t>(1 + random() % 40);
    const std::string other = "account:" + std::to_string(player((payer + 1) % 3).value);
    std::vector<PointsMove> moves;
    if (random() % 2 == 0) moves.push_back({account, other, amount});
    if (random() % 2 == 0) moves.push_back({"campaign:summer", account, amount / 4 + 1});
    if (moves.empty() || random() % 4 == 0) moves.push_back({account, "spend:summer", amount});
    all.push_back({.leg = leg(std::move(moves), player(payer))});
  }
  for (int i = 0; i < 6000; ++i) {
    One& one = all[random() % all.size()];
    switch (random() % 8) {
      case 0:
        (void)world_.run(one.leg.undo);
        break;
      case 1:
        if (random() % 4 == 0) (void)world_.run(one.leg.bury);
        break;
      case 2:
      case 3:
        one.committed += world_.run(one.leg.commit).verdict == Verdict::applied;
        break;
      default:
        (void)world_.run(one.leg.hold);
    }
    ASSERT_EQ(world_.sum(), 0);
  }
  for (One& one : all) (void)world_.run(one.leg.undo);
  std::map<std::string, std::int64_t> wanted = {
      {"account:101", 100}, {"account:102", 100}, {"account:103", 100}, {"campaign:summer", 700}};
  int committed = 0;
  for (const One& one : all) {
    ASSERT_LE(one.committed, 1);
    committed += one.committed;
    if (one.committed == 0) continue;
    for (const PointsMove& move : one.leg.moves) {
      wanted[move.from] -= move.amount;
      wanted[move.to] += move.amount;
    }
  }
  EXPECT_GT(committed, 20);
  for (const char* id : {"101", "102", "103"}) {
    EXPECT_EQ(world_.balance(account_kind, id), wanted["account:" + std::string(id)]) << id;
    EXPECT_EQ(world_.held(account_kind, id), 0);
  }
  EXPECT_EQ(world_.balance(campaign_kind, "summer"), wanted["campaign:summer"]);
  EXPECT_EQ(world_.held(campaign_kind, "summer"), 0);
  EXPECT_EQ(world_.balance(sink_kind, "summer"), wanted["spend:summer"]);
}

// Trades of a title with purses of gold (game/testing/trade_world.h) and of points.
class TradeLegTest : public PointsTest {
 protected:
  void SetUp() override {
    PointsTest::SetUp();
    if (IsSkipped()) return;
    ASSERT_TRUE(main_db().migrate("game", game::migrations()).ok());
    directory_.put_schema(game::trade_title, 1,
                          std::make_shared<const game::TitleSchema>(game::trade_schema()));
    begin();
    ASSERT_TRUE(create_campaign("summer", 1000, game::trade_title).ok());
    ASSERT_TRUE(create_sink("shop", game::trade_title).ok());
    ASSERT_TRUE(grant({"e1", "summer", player(0), 100}, {.title = game::trade_title}).ok());
  }
  void TearDown() override {
    end_trades();
    PointsTest::TearDown();
  }
  // The sequencer that PointsTest starts knows no titles.
  void begin() {
    stop();
    schemas_ = directory_.schemas();
    start();
    trades_ = std::make_unique<game::Trades>(game::TradesParts{.db = main_db(),
                                                               .sequencer = *sequencer_,
                                                               .directory = directory_,
                                                               .clock = clock_,
                                                               .random = io::system_random(),
                                                               .make_points = make_trade_leg,
                                                               .on_applied = {},
                                                               .machine = {},
                                                               .settle_wait_ms = 20'000,
                                                               .look_ms = 50});
  }
  void end_trades() {
    if (trades_ != nullptr) trades_->stop();
    sequencer_.reset();
    trades_.reset();
  }

  void set_gold(const std::string& arena, std::int64_t value) {
    Command command{.key = keys_.make(clock_.unix_ms()), .entities = {game::purse_in(arena)}};
    command.steps = {{.field = game::gold, .operation = sequencer::Operation::set, .value = value}};
    EXPECT_EQ(ask(game::trade_title, arena, command).verdict, Verdict::applied);
  }
  Outcome ask(TitleId title, std::string_view arena, const Command& command) {
    std::promise<sequencer::Answer> answered;
    sequencer_->submit(title, std::string(arena), sequencer::Chain{{command}}, inline_,
                       [&](sequencer::Answer got) { answered.set_value(std::move(got)); });
    return answered.get_future().get().outcomes.at(0);
  }
  std::int64_t gold(const std::string& arena) {
    std::promise<sequencer::Answer> answered;
    sequencer_->submit(game::trade_title, arena, sequencer::Read{{game::purse_in(arena)}}, inline_,
                       [&](sequencer::Answer got) { answered.set_value(std::move(got)); });
    return answered.get_future().get().entities.at(0).get(game::gold);
  }
  void expect_points(AccountId account, std::int64_t has, std::int64_t held = 0) {
    const auto now = balance(account);
    ASSERT_TRUE(now.ok());
    EXPECT_EQ(now->balance, has);
    EXPECT_EQ(now->held, held);
  }

  // Gold of `seller` goes to `buyer`, whose points go elsewhere.
  game::Trade purchase(std::int64_t gold_value, std::vector<PointsMove> moves,
                       AccountId by = player(0)) {
    game::Trade trade =
        game::trade_of(keys_.make(clock_.unix_ms()), {{.arena = "seller", .take_gold = gold_value},
                                                      {.arena = "buyer", .give_gold = gold_value}});
    trade.player = by;
    auto points = make_trade_leg(trade, std::move(moves));
    EXPECT_TRUE(points.ok()) << points.error().to_string();
    trade.legs.push_back({.points = std::move(*points)});
    return trade;
  }
  game::TradeTold run_trade(const game::Trade& trade) {
    const auto told = wait_for<game::TradeTold>(
        [&](auto done) { trades_->run(trade, inline_, std::move(done)); });
    EXPECT_TRUE(told.ok()) << told.error().to_string();
    return *told;
  }
  bool comes_settled(const sequencer::Key& key, std::string_view outcome) {
    for (int i = 0; i < 500; ++i) {
      const auto told = wait_for<std::optional<game::TradeTold>>(
          [&](auto done) { trades_->find(game::trade_title, key, inline_, std::move(done)); });
      if (told.ok() && *told && (*told)->is_settled) return outcome_of(**told) == outcome;
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    return false;
  }
  void keep(const game::Trade& trade, std::int64_t age_ms, bool is_committed) {
    ASSERT_TRUE(main_db()
                    .write_and_wait([&](sql::Connection& connection) -> Result<void> {
                      TRY(game::keep_trade(
                          connection, {.title = trade.title,
                                       .key = trade.key,
                                       .content = to_text(trade, game::trade_schema()),
                                       .standing = {.created_ms = clock_.unix_ms() - age_ms}}));
                      if (is_committed)
                        TRY(game::decide_trade(connection, trade.title, trade.key,
                                               game::TradeState::committed, std::nullopt));
                      return {};
                    })
                    .ok());
  }
  Verdict hold(const game::Trade& trade, std::size_t leg) {
    const Command command = hold_command(trade, leg);
    const sequencer::EntityName& name = command.entities.front();
    return ask(name.title, name.arena, command).verdict;
  }
  void expect_adds_up() {
    EXPECT_TRUE(shows_all());
    EXPECT_THAT(findings(), IsEmpty());
  }

  game::Directory directory_;
  std::unique_ptr<game::Trades> trades_;
};
MATSURI_FOR_EACH_ENGINE(TradeLegTest);

TEST_P(TradeLegTest, PointsAndEntitiesChangeHandsTogether) {
  set_gold("seller", 50);
  const game::Trade trade = purchase(20, {{"account:101", "account:102", 30},
                                          {"account:101", "spend:shop", 10},
                                          {"campaign:summer", "account:101", 4}});
  const game::TradeTold told = run_trade(trade);
  EXPECT_EQ(outcome_of(told), "applied");
  EXPECT_TRUE(told.is_settled);
  EXPECT_TRUE(run_trade(trade).is_duplicate);
  EXPECT_EQ(gold("buyer"), 20);
  expect_points(player(0), 64);
  expect_points(player(1), 30);
  expect_adds_up();
  const std::string with = "hold:" + trade_hold_id(trade.title, trade.key);
  const std::vector<Posting> own = postings(player(0)), theirs = postings(player(1));
  ASSERT_EQ(own.size(), 3U);
  EXPECT_EQ(own[1].amount, -40);
  EXPECT_EQ(own[1].held_after, 40);
  EXPECT_EQ(own[0].amount, 4);
  EXPECT_EQ(own[0].held_after, 0);
  ASSERT_EQ(theirs.size(), 1U);
  for (const Posting& posting : {own[0], own[1], theirs[0]}) {
    EXPECT_EQ(posting.with, with);
    EXPECT_EQ(posting.reason, "test");
    EXPECT_EQ(posting.by, player(0));
  }
}

TEST_P(TradeLegTest, NothingHappensWhereOneLegIsRefused) {
  set_gold("seller", 50);
  game::TradeTold told = run_trade(purchase(20, {{"account:101", "spend:shop", 101}}));
  EXPECT_EQ(outcome_of(told), "rejected");
  EXPECT_EQ(told.standing.why->leg, 2);
  EXPECT_EQ(told.standing.why->part, game::Refusal::Part::points);
  EXPECT_THAT(told.standing.why->message, HasSubstr("the account has less"));
  EXPECT_EQ(gold("seller"), 50);
  told = run_trade(purchase(51, {{"account:101", "spend:shop", 60}}));
  EXPECT_EQ(told.standing.why->leg, 0);
  expect_points(player(0), 100);
  told = run_trade(purchase(1, {{"campaign:summer", "account:101", 901}}, {}));
  EXPECT_THAT(told.standing.why->message, HasSubstr("the campaign has less"));
  expect_adds_up();
}

// Half done: it is seen, can't be spent, and the ledger adds up; and no sweep of holds ends it.
TEST_P(TradeLegTest, WhatACrashLeftIsSeenAndThenDone) {
  set_gold("seller", 100);
  const std::vector<PointsMove> moves = {{"account:101", "account:102", 30},
                                         {"campaign:summer", "account:102", 5}};
  const game::Trade pending = purchase(10, moves), late = purchase(10, moves),
                    decided = purchase(10, moves);
  const std::size_t points = pending.legs.size() - 1;
  for (const game::Trade* trade : {&pending, &late, &decided})
    EXPECT_EQ(hold(*trade, points), Verdict::applied);
  for (const std::size_t leg : {0U, 1U}) EXPECT_EQ(hold(decided, leg), Verdict::applied);
  expect_points(player(0), 10, 90);
  expect_adds_up();
  EXPECT_FALSE(spend({player(0), "shop", 11})->is_done);
  clock_.ahead_ms = 8 * hold_ms_max;
  std::this_thread::sleep_for(std::chrono::milliseconds(200));
  clock_.ahead_ms = 0;
  expect_points(player(0), 10, 90);
  keep(pending, 0, false);
  keep(late, 31'000, false);
  keep(decided, 0, true);
  EXPECT_TRUE(comes_settled(pending.key, "applied"));
  EXPECT_TRUE(comes_settled(late.key, "expired"));
  EXPECT_TRUE(comes_settled(decided.key, "applied"));
  expect_points(player(0), 40);
  expect_points(player(1), 70);
  EXPECT_EQ(gold("buyer"), 20);
  expect_adds_up();
}

// The row goes, and with it the tombstones of entities; those of points are part of the ledger.
TEST_P(TradeLegTest, OldRowsGoAndTheLedgerStays) {
  const game::Trade trade = purchase(10, {{"account:101", "spend:shop", 30}});
  keep(trade, 8 * hold_ms_max, false);
  const auto has_row = [&] {
    const auto told = wait_for<std::optional<game::TradeTold>>(
        [&](auto done) { trades_->find(game::trade_title, trade.key, inline_, std::move(done)); });
    return !told.ok() || told->has_value();
  };
  EXPECT_TRUE(comes_settled(trade.key, "expired"));
  end_trades();
  begin();
  for (int i = 0; i < 500 && has_row(); ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  EXPECT_FALSE(has_row());
  EXPECT_EQ(hold(trade, 2), Verdict::rejected);
  expect_points(player(0), 100);
  expect_adds_up();
}

}  // namespace
}  // namespace matsuri::points::testing
