// Goal: whatever a run meets (slots that move, windows of any size, kill -9, another run), its tables
// are what a plain fold over all commands gives, on both engines.
// Method: testing/world.h.
#include "analytics/run.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <thread>

#include "analytics/testing/world.h"
#include "io/random.h"
#include "json/value.h"
#include "sequencer/testing/seeds.h"
#include "sequencer/testing/world.h"
#include "stream/outbox.h"

namespace matsuri::analytics {
namespace {

class RunTest : public AnalyticsWorld {};
MATSURI_FOR_EACH_ENGINE(RunTest);

TEST_P(RunTest, IsWhatAPlainFoldGivesWhileSlotsMove) {
  const std::uint64_t seed = sequencer::base_seed();
  SCOPED_TRACE("MATSURI_SEED=" + std::to_string(seed));
  std::mt19937_64 random(seed);
  for (std::uint64_t part = 0; part < 4; ++part) {
    play(100 * seed + part, 200);
    const Databases all = databases();
    const auto done = run(all, 1 + random() % 90);
    ASSERT_TRUE(done.ok()) << done.error().to_string();
    const Tables wanted = expected_of(all.log.shards, zone_);
    ASSERT_GT(wanted.flows.size(), 20U);
    expect_equal(tables_of(*all.own), wanted);
    const auto again = run(all);
    ASSERT_TRUE(again.ok());
    EXPECT_EQ(again->command_count, 0U) << "nothing counts twice";
  }
  const Databases all = databases();
  const Tables before = tables_of(*all.own);
  ASSERT_TRUE(run(all, 500, true).ok());
  EXPECT_EQ(tables_of(*all.own), before) << "all at once is the same";
}

// What came in less what went out is what there is.
TEST_P(RunTest, WhatCameInAndWentOutIsWhatThereIs) {
  sequencer::Keys keys(3);
  std::mt19937_64 random(3);
  {
    PlayingNode node(shard_options_);
    for (int i = 0; i < 150; ++i) {
      sequencer::Command pay{
          .key = keys.make(io::system_clock().unix_ms()),
          .actor = AccountId{1},
          .reason = "pay",
          .entities = {sequencer::name_of(i % 2 == 0 ? "a" : "b", sequencer::player, "p")}};
      pay.steps.push_back(
          {.field = sequencer::gold,
           .operation = i % 3 == 0 ? sequencer::Operation::sub_clamp : sequencer::Operation::add,
           .value = static_cast<std::int64_t>(random() % 50),
           .bound = i % 3 == 0 ? std::optional<std::int64_t>(0) : std::nullopt});
      pay.fingerprint = sequencer::fingerprint_of(pay);
      node.run(pay);
      if (i % 40 == 0) node.move("a");
    }
  }
  const Databases all = databases();
  ASSERT_TRUE(run(all, 7).ok());
  std::int64_t gold = 0;
  for (sql::Db* db : all.log.shards)
    for (const std::string& one : rows_of(*db, "SELECT fields FROM entity", 1)) {
      const auto document = json::Document::parse(one);
      gold += document->object()->integer("gold").value_or(0);
    }
  EXPECT_GT(gold, 0);
  EXPECT_EQ(rows_of(*all.own, "SELECT SUM(amount_in) - SUM(amount_out) FROM economy", 1),
            Lines{line(gold)});
}

TEST_P(RunTest, AKillLosesAndDoublesNothing) {
  play(11, 500);
  int kills = 0;
  for (bool is_done = false; !is_done;) {
    const pid_t pid = ::fork();
    if (pid == 0) {
      const Databases all = databases();
      ::_exit(run(all, 5).ok() ? 0 : 1);
    }
    // Each lives a little longer than the one before, until one comes to its end.
    if (kills < 12) {
      std::this_thread::sleep_for(std::chrono::milliseconds(8 * kills));
      ::kill(pid, SIGKILL);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(pid, &status, 0), pid);
    is_done = WIFEXITED(status);
    if (is_done) {
      EXPECT_EQ(WEXITSTATUS(status), 0);
    } else {
      ++kills;
    }
  }
  EXPECT_GT(kills, 0);
  const Databases all = databases();
  ASSERT_TRUE(run(all).ok());
  expect_equal(tables_of(*all.own), expected_of(all.log.shards, zone_));
  EXPECT_EQ(rows_of(*all.own, "SELECT COUNT(*) FROM run WHERE state = 'running'", 1), Lines{"0 "});
}

TEST_P(RunTest, TheLaterOfTwoRunsGoesOn) {
  play(12, 120);
  const Databases all = databases();
  io::ManualClock clock(start_ms + 900 * hour_ms);
  int windows = 0;
  const auto first = analytics::run(
      all.log, *all.own, clock,
      {.zone = &zone_, .asked_by = "night", .window_count = 10, .on_advance = [&](const Advance&) {
         if (++windows == 2) EXPECT_TRUE(run(all).ok());
         return true;
       }});
  ASSERT_FALSE(first.ok());
  EXPECT_EQ(first.error().code(), Code::conflict);
  EXPECT_EQ(windows, 2);
  expect_equal(tables_of(*all.own), expected_of(all.log.shards, zone_));
  EXPECT_EQ(rows_of(*all.own, "SELECT state, asked_by FROM run", 2),
            (Lines{"done command ", "interrupted night "}));
}

TEST_P(RunTest, ARunThatIsEndedIsTakenUpByTheNext) {
  play(13, 120);
  const Databases all = databases();
  io::ManualClock clock(start_ms);
  const auto ended = analytics::run(all.log, *all.own, clock,
                                    {.zone = &zone_,
                                     .asked_by = "night",
                                     .window_count = 10,
                                     .on_advance = [](const Advance& at) {
                                       EXPECT_LE(at.done_count, at.total_count);
                                       return at.command_count < 40;
                                     }});
  ASSERT_FALSE(ended.ok());
  EXPECT_EQ(ended.error().code(), Code::busy);
  EXPECT_EQ(rows_of(*all.own, "SELECT state FROM run", 1), Lines{"interrupted "});
  EXPECT_EQ(rows_of(*all.own, "SELECT as_of_ms FROM progress", 1), Lines{"0 "});
  ASSERT_TRUE(run(all).ok());
  expect_equal(tables_of(*all.own), expected_of(all.log.shards, zone_));
}

TEST_P(RunTest, DaysAreThoseOfTheZoneAndAnotherZoneCountsAnew) {
  play(14, 150);
  const Databases all = databases();
  std::set<Lines> seen;
  for (const char* name : {"UTC", "Asia/Tokyo", "-11:00", "America/New_York"}) {
    zone_ = Zone::open(name).value();
    ASSERT_TRUE(run(all).ok());
    const Tables got = tables_of(*all.own);
    expect_equal(got, expected_of(all.log.shards, zone_));
    seen.insert(got.commands);
  }
  EXPECT_EQ(seen.size(), 4U) << "the same commands fall on other days";
}

TEST_P(RunTest, AnotherWorldIsCountedAnew) {
  play(15, 60);
  Databases all = databases();
  ASSERT_TRUE(run(all).ok());
  const Tables before = tables_of(*all.own);
  // As a restore does it; what was counted may be of a future that is lost.
  ASSERT_TRUE(main_
                  ->write_and_wait([](sql::Connection& connection) {
                    return stream::renew_incarnation(connection, io::system_random());
                  })
                  .ok());
  ASSERT_TRUE(all.own
                  ->write_and_wait([](sql::Connection& connection) -> Result<void> {
                    TRY(connection.execute("UPDATE flow SET amount_in = 1"));
                    return {};
                  })
                  .ok());
  ASSERT_TRUE(run(all).ok());
  EXPECT_EQ(tables_of(*all.own), before);
}

}  // namespace
}  // namespace matsuri::analytics
