// Goal: on both engines days of commands go whole and no sooner than they may; whoever reads on
// across one is told; keys of a day that went are refused by their time; nothing else goes, also
// where the process dies in the middle, or slots move meanwhile.
// Method: an owner whose clock is moved on by days, and passes between its commands; then a process
// that does nothing but pass, and is killed again and again.
#include "sequencer/days.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <limits>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/log.h"
#include "io/clock.h"
#include "sequencer/history.h"
#include "sequencer/owner.h"
#include "sequencer/sql_carrier.h"
#include "sequencer/sql_store.h"
#include "sequencer/testing/world.h"
#include "sql/testing/engines.h"

namespace matsuri::sequencer {
namespace {

constexpr std::int64_t day_ms = std::int64_t{24} * 3600 * 1000;
constexpr std::int64_t first_day = 20'700;
constexpr std::int64_t everybody = std::numeric_limits<std::int64_t>::max();

TEST(Days, AreWholeOnesInUtc) {
  EXPECT_EQ(day_of(first_day * day_ms), first_day);
  EXPECT_EQ(day_of(first_day * day_ms - 1), first_day - 1);
}

// Goal: with the least that may be configured no key goes that could still be used.
TEST(Days, AKeyIsRefusedByItsTimeBeforeItsDayGoes) {
  for (const std::int64_t of_day : {std::int64_t{0}, day_ms / 2, day_ms - 1}) {
    const std::int64_t now_ms = first_day * day_ms + of_day;
    const std::int64_t last_dropped_ms =
        first_kept_day(keep_days_min, now_ms, everybody) * day_ms - 1;
    EXPECT_LT(last_dropped_ms, now_ms - key_kept_ms);
  }
}

TEST(Days, WaitForWhoeverHasToReadThem) {
  const std::int64_t now_ms = (first_day + 50) * day_ms;
  EXPECT_EQ(first_kept_day(10, now_ms, everybody), first_day + 40);
  EXPECT_EQ(first_kept_day(10, now_ms, now_ms), first_day + 40);
  // A key of the first day may have been used until the eighth.
  EXPECT_EQ(first_kept_day(10, now_ms, (first_day + 8) * day_ms), first_day);
  EXPECT_EQ(first_kept_day(10, now_ms, (first_day + 8) * day_ms + day_ms / 2), first_day + 1);
  EXPECT_EQ(first_kept_day(10, now_ms, 0), 0);
}

TEST(Days, PartitionsAreMadeForDaysThatHaveNone) {
  const auto fresh = divide_statement({}, 100, 102);
  ASSERT_TRUE(fresh);
  EXPECT_NE(fresh->find("PARTITION d100 VALUES LESS THAN (X'000208224C00'), "), std::string::npos);
  EXPECT_NE(fresh->find("PARTITION d102 "), std::string::npos);
  const std::vector<std::string> names = {"d100", "d101", "d102", "rest"};
  EXPECT_EQ(divide_statement(names, 100, 102), std::nullopt);
  EXPECT_EQ(divide_statement(names, 101, 103),
            "ALTER TABLE command REORGANIZE PARTITION rest INTO (PARTITION d103 VALUES LESS"
            " THAN (X'000217956000'), PARTITION rest VALUES LESS THAN (MAXVALUE))");
  // After a long rest days that would go at once get one partition together.
  EXPECT_EQ(divide_statement(names, 300, 300),
            "ALTER TABLE command REORGANIZE PARTITION rest INTO (PARTITION d300 VALUES LESS"
            " THAN (X'00060E1A2C00'), PARTITION rest VALUES LESS THAN (MAXVALUE))");
  EXPECT_EQ(names_before(names, 102), (std::vector<std::string>{"d100", "d101"}));
  EXPECT_TRUE(names_before({"rest"}, 1000).empty());
}

// One shard, with an owner in the hands of the test.
struct Shop {
  std::unique_ptr<sql::Db> db;
  std::unique_ptr<SqlStore> store;
  std::unique_ptr<Owner> owner;
  std::unique_ptr<Days> days;

  Answer ask(Request request) {
    std::optional<Answer> answer;
    owner->submit(std::move(request), [&](Answer got) { answer = std::move(got); });
    for (int i = 0; i < 20 && !answer; ++i) {
      owner->load();
      owner->step();
    }
    EXPECT_TRUE(answer.has_value());
    return answer.value_or(Answer{});
  }
  std::int64_t integer(const std::string& text) {
    std::int64_t number = -1;
    EXPECT_TRUE(db->read_and_wait([&](sql::Connection& connection) -> Result<void> {
                    TRY_ASSIGN(const auto found, connection.integer(text));
                    number = found.value_or(0);
                    return {};
                  }).ok());
    return number;
  }
  // Everything of `slot` behind a place.
  Result<Changes> changes(TitleId title, std::uint32_t slot, std::uint64_t after) {
    std::vector<std::uint64_t> places(slot_count, 0);
    places[slot] = after;
    SlotSet slots;
    slots.set(slot);
    Result<Changes> found = Changes{};
    const Result<void> read = db->read_and_wait([&](sql::Connection& connection) -> Result<void> {
      found = read_changes(
          connection,
          {.title = title, .arena = {}, .slots = slots, .after = places, .count_max = 1000});
      return found.ok() ? Result<void>() : found.error();
    });
    if (!read.ok()) return read.error();
    return found;
  }
};

class DaysTest : public sql::ForEachEngine {
 protected:
  void SetUp() override {
    ForEachEngine::SetUp();
    if (IsSkipped()) return;
    log::configure(log::Level::error, log::Format::text);
  }

  // The reserved title has the same schema as the other one.
  static Schemas schemas() {
    return [all = test_schemas()](TitleId title) {
      return all(title == kept_title ? test_title : title);
    };
  }
  Shop shop(const sql::DbOptions& options, std::uint32_t number = 0,
            std::uint32_t shard_count = 1) {
    Shop made;
    made.db = open(options);
    auto store =
        SqlStore::open(*made.db, schemas(), {.number = number, .shard_count = shard_count});
    EXPECT_TRUE(store.ok()) << store.error().to_string();
    made.store = std::move(*store);
    made.owner = std::make_unique<Owner>(OwnerOptions{.name = "a"}, schemas(), *made.store, clock_);
    made.ask(Read{{name_of("raid", player, "p")}});
    return made;
  }
  void divide(Shop& made, std::uint32_t keep_days = keep_days_min) {
    auto days = Days::open(*made.db, {.keep_days = keep_days}, clock_.unix_ms());
    ASSERT_TRUE(days.ok()) << days.error().to_string();
    made.days = std::move(*days);
  }
  void pass(Shop& made, std::int64_t read_to_ms = everybody) {
    const Result<void> passed = made.days->pass(made.owner->epoch(), clock_.unix_ms(), read_to_ms);
    EXPECT_TRUE(passed.ok()) << passed.error().to_string();
  }
  // A command with a key of `ago_ms` before now.
  Command pay(const std::string& arena, TitleId title = test_title, std::int64_t ago_ms = 0) {
    Command command{.key = keys_.make(clock_.unix_ms() - ago_ms),
                    .reason = "pay",
                    .entities = {name_of(arena, player, "p")}};
    command.entities[0].title = title;
    command.steps.push_back({.field = gold, .operation = Operation::add, .value = 1});
    command.fingerprint = fingerprint_of(command);
    return command;
  }
  Outcome run(Shop& made, const Command& command) {
    return made.ask(Chain{{command}}).outcomes.at(0);
  }
  void next_day() { clock_.advance_ms(day_ms); }

  io::ManualClock clock_{first_day * day_ms + day_ms / 2};
  Keys keys_{11};
};
MATSURI_FOR_EACH_ENGINE(DaysTest);

TEST_P(DaysTest, DaysGoWholeAndTheKeptTitleStays) {
  Shop made = shop(fresh_options("shard"));
  // Of before days are dropped at all.
  const Command old = pay("raid");
  EXPECT_EQ(run(made, old).verdict, Verdict::applied);
  divide(made);
  std::vector<Command> paid{old};
  EXPECT_EQ(run(made, pay("raid", kept_title)).verdict, Verdict::applied);
  for (int day = 1; day <= 20; ++day) {
    next_day();
    pass(made);
    for (int i = 0; i < 3; ++i) {
      paid.push_back(pay("raid"));
      EXPECT_EQ(run(made, paid.back()).verdict, Verdict::applied);
    }
    EXPECT_EQ(run(made, pay("raid", kept_title)).verdict, Verdict::applied);
    // That of today, and of the eight days before.
    const std::int64_t wanted = 3 * std::min(day, 9) + (day < 9 ? 1 : 0);
    EXPECT_EQ(made.integer("SELECT COUNT(*) FROM command"), wanted) << day;
  }
  EXPECT_EQ(made.integer("SELECT COUNT(*) FROM kept_command"), 21);
  EXPECT_EQ(made.integer("SELECT COUNT(*) FROM command WHERE title = 1"), 0);

  // Whoever owns it next knows nothing but what is there.
  made.owner = std::make_unique<Owner>(OwnerOptions{.name = "a"}, schemas(), *made.store, clock_);
  for (const Command& command : paid) {
    const Outcome again = run(made, command);
    const std::int64_t age_ms = clock_.unix_ms() - command.key.unix_ms();
    EXPECT_EQ(again.verdict, age_ms > key_kept_ms ? Verdict::key_too_old : Verdict::applied);
    EXPECT_EQ(again.duplicate, again.verdict == Verdict::applied);
  }
  const Answer read = made.ask(Read{{name_of("raid", player, "p")}});
  EXPECT_EQ(read.entities.at(0).get(gold), 61);
}

// Keys may be seven days old when they are used: so a day has places from eight.
TEST_P(DaysTest, WhoReadsOnAcrossADayIsTold) {
  Shop made = shop(fresh_options("shard"));
  divide(made);
  std::vector<std::uint64_t> seqs;
  for (int day = 0; day < 12; ++day) {
    seqs.push_back(run(made, pay("raid", test_title, day % 2 == 0 ? 0 : 6 * day_ms)).seq);
    seqs.push_back(run(made, pay("raid", kept_title)).seq);
    pass(made);
    next_day();
  }
  pass(made);
  // Day 12: keys before day 4 went; those of day 9 (6 days old then) are of day 3.
  const std::uint32_t slot = slot_of(test_title, "raid");
  const std::uint32_t kept_slot = slot_of(kept_title, "raid");
  const std::uint64_t dropped = seqs[18];
  EXPECT_EQ(made.integer("SELECT dropped_seq FROM shard"), static_cast<std::int64_t>(dropped));
  EXPECT_EQ(made.changes(test_title, slot, dropped - 1).error().code(), Code::conflict);
  EXPECT_EQ(made.changes(test_title, slot, 0).error().code(), Code::conflict);
  const auto rest = made.changes(test_title, slot, dropped);
  ASSERT_TRUE(rest.ok());
  ASSERT_EQ(rest->commands.size(), 2U);
  EXPECT_EQ(rest->commands[0].seq, seqs[20]);
  EXPECT_EQ(rest->commands[1].seq, seqs[22]);
  EXPECT_TRUE(rest->is_end);
  // What is kept for ever is read from its first command on.
  const auto kept = made.changes(kept_title, kept_slot, 0);
  ASSERT_TRUE(kept.ok());
  EXPECT_EQ(kept->commands.size(), 12U);

  // History ends where days went, and says that it does.
  Result<PastPage> past = PastPage{};
  ASSERT_TRUE(made.db
                  ->read_and_wait([&](sql::Connection& connection) -> Result<void> {
                    past = read_past(connection, {.title = test_title,
                                                  .arena = "raid",
                                                  .kind = "player",
                                                  .entity = "p",
                                                  .before = 1000,
                                                  .count_max = 100,
                                                  .look_count = 1000,
                                                  .with_moved = true});
                    return {};
                  })
                  .ok());
  ASSERT_TRUE(past.ok());
  EXPECT_TRUE(past->is_end);
  // Those of day 4, 6, 8 and 10 with new keys, and of day 11 with one of day 5.
  EXPECT_EQ(past->commands.size(), 5U);
}

TEST_P(DaysTest, OnlyTheOwnerDrops) {
  const sql::DbOptions options = fresh_options("shard");
  Shop made = shop(options);
  divide(made);
  run(made, pay("raid"));
  clock_.advance_ms(20 * day_ms);
  const std::uint64_t epoch = made.owner->epoch();
  Shop other = shop(options);
  EXPECT_GT(other.owner->epoch(), epoch);
  const Result<void> stale = made.days->pass(epoch, clock_.unix_ms(), everybody);
  ASSERT_FALSE(stale.ok());
  EXPECT_EQ(stale.error().code(), Code::conflict);
  EXPECT_EQ(made.integer("SELECT COUNT(*) FROM command"), 1);
  EXPECT_EQ(made.integer("SELECT dropped_seq FROM shard"), 0);
}

TEST_P(DaysTest, WhatWasNotReadYetStays) {
  Shop made = shop(fresh_options("shard"));
  divide(made);
  run(made, pay("raid"));
  const std::int64_t paid_ms = clock_.unix_ms();
  clock_.advance_ms(20 * day_ms);
  pass(made, paid_ms + 7 * day_ms);
  EXPECT_EQ(made.integer("SELECT COUNT(*) FROM command"), 1);
  pass(made, paid_ms + 8 * day_ms);
  EXPECT_EQ(made.integer("SELECT COUNT(*) FROM command"), 0);
}

// More than one transaction deletes, of rows that came with a slot too.
TEST_P(DaysTest, ASlotTakesAlongWhatItHasLost) {
  Shop from = shop(fresh_options("from"), 0, 2);
  Shop to = shop(fresh_options("to"), 1, 2);
  divide(from);
  divide(to);
  std::string arena = "raid 0";
  for (int i = 1; slot_of(test_title, arena) >= slot_count / 2; ++i)
    arena = "raid " + std::to_string(i);
  std::string elsewhere = "raid 0";
  for (int i = 1; slot_of(test_title, elsewhere) < slot_count / 2; ++i)
    elsewhere = "raid " + std::to_string(i);
  const std::uint32_t slot = slot_of(test_title, arena);

  const std::uint64_t first = run(from, pay(arena)).seq;
  clock_.advance_ms(8 * day_ms);
  std::uint64_t last = 0;
  for (int i = 0; i < 30; ++i) {
    Chain chain;
    for (std::size_t n = 0; n < chain_count_max; ++n) chain.commands.push_back(pay(arena));
    last = from.ask(std::move(chain)).outcomes.back().seq;
  }
  // The other shard is at a higher place, and has dropped more than this one has.
  for (int i = 0; i < 50; ++i) {
    Chain chain;
    for (std::size_t n = 0; n < chain_count_max; ++n) chain.commands.push_back(pay(elsewhere));
    to.ask(std::move(chain));
  }
  clock_.advance_ms(day_ms);
  pass(from);
  pass(to);

  const MovePlan plan{.slot = slot, .from = 0, .to = 1, .version = 2};
  Move move(plan);
  SqlCarrier carrier(*from.db, *to.db);
  ASSERT_EQ(to.ask(move.change()).outcomes.at(0).verdict, Verdict::applied);
  move.did(true);
  while (move.step() == Move::Step::carry) {
    const auto carried = carrier.carry(plan, move.carried_seq());
    ASSERT_TRUE(carried.ok()) << carried.error().to_string();
    move.did(true, 0, *carried);
    // Days go meanwhile; what is dropped here was copied, or the copy is told of it.
    pass(from);
    if (move.carried_seq() == last && carried->all) break;
  }
  ASSERT_EQ(move.step(), Move::Step::park);
  move.did(true);
  move.did(true, last);
  const auto rest = carrier.carry(plan, move.carried_seq());
  ASSERT_TRUE(rest.ok());
  move.did(true, 0, *rest);
  const Answer given = from.ask(move.change());
  ASSERT_EQ(given.outcomes.at(0).verdict, Verdict::applied);
  move.did(true, given.seq);
  ASSERT_EQ(to.ask(move.change()).outcomes.at(0).verdict, Verdict::applied);

  // Its reader goes on, though the new shard is far above, and has lost places there.
  EXPECT_EQ(to.changes(test_title, slot, first - 1).error().code(), Code::conflict);
  std::size_t read_count = 0;
  std::uint64_t read_to = first;
  for (bool is_end = false; !is_end;) {
    const auto read = to.changes(test_title, slot, read_to);
    ASSERT_TRUE(read.ok()) << read.error().to_string();
    read_count += read->commands.size();
    read_to = read->read_to;
    is_end = read->is_end;
  }
  EXPECT_EQ(read_count, 30 * chain_count_max);
  const std::uint64_t came = run(to, pay(arena)).seq;
  clock_.advance_ms(8 * day_ms);
  const std::uint64_t later = run(to, pay(arena)).seq;
  pass(to);
  // Those that came with it are gone, in more than one transaction; the one behind is there.
  EXPECT_EQ(to.integer("SELECT COUNT(*) FROM moved_command"), 0);
  EXPECT_EQ(to.changes(test_title, slot, last - 1).error().code(), Code::conflict);
  const auto next = to.changes(test_title, slot, last);
  ASSERT_TRUE(next.ok()) << next.error().to_string();
  ASSERT_EQ(next->commands.size(), 2U);
  EXPECT_EQ(next->commands[0].seq, came);
  EXPECT_EQ(next->commands[1].seq, later);
}

// Goal: what points had decided before days were known is kept, be it decided here or come here.
TEST_P(DaysTest, AnUpgradeMovesTheLedger) {
  const sql::DbOptions options = fresh_options("shard");
  {
    Shop made = shop(options);
    run(made, pay("raid"));
    for (int i = 0; i < 3; ++i) run(made, pay("raid", kept_title));
    // As the version before left it. One came back: it stands in both tables.
    const std::string columns =
        " (command_key, seq, fingerprint, title, arena, slot, actor, reason, unix_ms, outcome)"
        " SELECT command_key, seq, fingerprint, title, arena, slot, actor, reason, unix_ms, outcome"
        " FROM kept_command WHERE seq ";
    for (const std::string& statement :
         {"INSERT INTO command" + columns + "< 4", "INSERT INTO moved_command" + columns + "> 2",
          std::string("DROP TABLE kept_command"),
          std::string("ALTER TABLE shard DROP COLUMN dropped_seq"),
          std::string("ALTER TABLE slot DROP COLUMN dropped_seq"),
          std::string("ALTER TABLE slot DROP COLUMN since_seq"),
          std::string("UPDATE schema_version SET version = 4, begun_count = 0"
                      " WHERE component = 'sequencer'")})
      ASSERT_TRUE(made.db
                      ->write_and_wait([&](sql::Connection& connection) -> Result<void> {
                        TRY(connection.execute(statement));
                        return {};
                      })
                      .ok())
          << statement;
  }
  Shop made = shop(options);
  EXPECT_EQ(made.integer("SELECT COUNT(*) FROM kept_command"), 3);
  EXPECT_EQ(made.integer("SELECT COUNT(*) FROM command"), 1);
  EXPECT_EQ(made.integer("SELECT COUNT(*) FROM moved_command"), 0);
  const auto ledger = made.changes(kept_title, slot_of(kept_title, "raid"), 0);
  ASSERT_TRUE(ledger.ok());
  EXPECT_EQ(ledger->commands.size(), 3U);
}

// Nobody waits long for who reads the table for long, and the day goes when that is over.
TEST_P(DaysTest, AReaderOfTheTableIsNotWaitedForLong) {
  Shop made = shop(fresh_options("shard"));
  if (made.db->engine() == sql::Engine::sqlite) return;  // readers there hold nobody up
  divide(made);
  run(made, pay("raid"));
  clock_.advance_ms(20 * day_ms);
  Result<void> passed;
  ASSERT_TRUE(made.db
                  ->read_and_wait([&](sql::Connection& connection) -> Result<void> {
                    TRY(connection.integer("SELECT COUNT(*) FROM command"));
                    passed = made.days->pass(made.owner->epoch(), clock_.unix_ms(), everybody);
                    return {};
                  })
                  .ok());
  ASSERT_FALSE(passed.ok());
  EXPECT_EQ(passed.error().code(), Code::busy);
  EXPECT_EQ(made.integer("SELECT COUNT(*) FROM command"), 1);
  pass(made);
  EXPECT_EQ(made.integer("SELECT COUNT(*) FROM command"), 0);
}

// A dump of tables that are divided fills an empty database.
TEST_P(DaysTest, DaysComeBackWithARestore) {
  Shop made = shop(fresh_options("shard"));
  divide(made);
  const Command paid = pay("raid");
  run(made, paid);
  const std::string path = folder() + "/copy";
  ASSERT_TRUE(made.db->snapshot_to(path).ok());
  const sql::DbOptions again = fresh_options("again");
  const Result<void> restored = sql::Db::restore(again, path);
  ASSERT_TRUE(restored.ok()) << restored.error().to_string();
  Shop back = shop(again);
  divide(back);
  EXPECT_TRUE(run(back, paid).duplicate);
  clock_.advance_ms(20 * day_ms);
  pass(back);
  EXPECT_EQ(back.integer("SELECT COUNT(*) FROM command"), 0);
}

// Goal: kill -9 in the middle of a drop loses nothing that is not told of, and keeps nothing.
TEST_P(DaysTest, KilledInTheMiddleItGoesOn) {
  const sql::DbOptions options = fresh_options("shard");
  std::uint64_t last_old = 0;
  {
    Shop made = shop(options);
    divide(made);
    for (int day = 0; day < 4; ++day) {
      for (int i = 0; i < 40; ++i) {
        Chain chain;
        for (std::size_t n = 0; n < chain_count_max; ++n) chain.commands.push_back(pay("raid"));
        last_old = made.ask(std::move(chain)).outcomes.back().seq;
      }
      next_day();
    }
    clock_.advance_ms(9 * day_ms);
    run(made, pay("raid"));
  }
  const std::uint64_t epoch = [&] {
    auto db = open(options);
    std::uint64_t found = 0;
    EXPECT_TRUE(db->read_and_wait([&](sql::Connection& connection) -> Result<void> {
                    TRY_ASSIGN(const auto epoch_now,
                               connection.integer("SELECT epoch FROM shard WHERE id = 1"));
                    found = static_cast<std::uint64_t>(epoch_now.value_or(0));
                    return {};
                  }).ok());
    return found;
  }();
  int killed_count = 0;
  for (int round = 0; round < 40; ++round) {
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      auto db = sql::Db::open(options);
      auto days = Days::open(**db, {}, clock_.unix_ms());
      if (!days.ok()) _exit(2);
      _exit((*days)->pass(epoch, clock_.unix_ms(), everybody).ok() ? 0 : 1);
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(5 + 3 * round));
    kill(child, SIGKILL);
    int status = 0;
    waitpid(child, &status, 0);
    killed_count += WIFSIGNALED(status) ? 1 : 0;
    auto db = open(options);
    std::int64_t gone = -1, left = -1;
    EXPECT_TRUE(db->read_and_wait([&](sql::Connection& connection) -> Result<void> {
                    TRY_ASSIGN(const auto dropped,
                               connection.integer("SELECT dropped_seq FROM shard WHERE id = 1"));
                    gone = dropped.value_or(-1);
                    TRY_ASSIGN(
                        const auto count,
                        connection.integer("SELECT COUNT(*) FROM command WHERE seq > ?", {gone}));
                    left = count.value_or(-1);
                    return {};
                  }).ok());
    // Everything above the place that was told is there.
    EXPECT_EQ(left, static_cast<std::int64_t>(last_old) + 1 - gone);
    if (!WIFSIGNALED(status)) break;
  }
  EXPECT_GT(killed_count, 0);
  Shop made = shop(options);
  divide(made);
  pass(made);
  EXPECT_EQ(made.integer("SELECT COUNT(*) FROM command"), 1);
  EXPECT_EQ(made.integer("SELECT dropped_seq FROM shard"), static_cast<std::int64_t>(last_old));
  EXPECT_TRUE(made.changes(test_title, slot_of(test_title, "raid"), last_old).ok());
}

}  // namespace
}  // namespace matsuri::sequencer
