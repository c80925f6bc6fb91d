// Goal: runs come at their hour and when they are asked for, and what was missed is made up for.
// Method: a clock that stands still, and rows of a shard put there by hand.
#include "analytics/runs.h"

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <memory>
#include <thread>

#include "analytics/query.h"
#include "analytics/schema.h"
#include "base/bytes.h"
#include "base/log.h"
#include "base/time.h"
#include "io/random.h"
#include "sequencer/sql_store.h"
#include "sequencer/testing/world.h"
#include "sql/testing/engines.h"
#include "stream/outbox.h"

namespace matsuri::analytics {
namespace {

using namespace std::chrono_literals;

constexpr std::int64_t hour_ms = 3'600'000;
std::int64_t at(std::string_view text) { return parse_rfc3339(text).value(); }

TEST(AnalyticsNights, ComeOnceADayAlsoWhereClocksAreSet) {
  const auto berlin = Zone::open("Europe/Berlin");
  ASSERT_TRUE(berlin.ok());
  std::int64_t night = at("2026-03-26T12:00:00Z");
  const std::vector<std::string_view> nights = {"2026-03-27T01:30:00Z", "2026-03-28T01:30:00Z",
                                                "2026-03-29T01:30:00Z", "2026-03-30T00:30:00Z"};
  for (const std::string_view wanted : nights) {
    night = next_night_ms(*berlin, 150, night);
    EXPECT_EQ(to_rfc3339(night), to_rfc3339(at(wanted)));
  }
  EXPECT_EQ(next_night_ms(Zone(), 0, at("2026-01-01T00:00:00Z")), at("2026-01-02T00:00:00Z"))
      << "behind it, not at it";
  EXPECT_EQ(next_night_ms(Zone(), 210, at("2026-01-01T03:29:59.999Z")), at("2026-01-01T03:30:00Z"));
}

class RunsTest : public sql::ForEachEngine {
 protected:
  void SetUp() override {
    ForEachEngine::SetUp();
    if (IsSkipped()) return;
    log::configure(log::Level::error, log::Format::text);
    main_ = open(fresh_options("main"));
    shard_ = open(fresh_options("shard"));
    own_ = open(fresh_options("analytics"));
    ASSERT_TRUE(
        stream::Outbox::open(*main_, Region{0}, matsuri::Node{1}, io::system_random()).ok());
    ASSERT_TRUE(sequencer::SqlStore::open(*shard_, sequencer::test_schemas()).ok());
    ASSERT_TRUE(own_->migrate("analytics", migrations()).ok());
    log_ = {.main = main_.get(), .shards = {shard_.get()}};
  }

  void add_command(std::uint64_t seq, std::string_view outcome = R"({"verdict":"applied"})") {
    sequencer::Keys keys(seq);
    const auto key = keys.make(1'000'000);
    const std::uint32_t slot = sequencer::slot_of(TitleId{5}, "a");
    ASSERT_TRUE(shard_
                    ->write_and_wait([&](sql::Connection& connection) -> Result<void> {
                      TRY(connection.execute(
                          "INSERT INTO command (seq, command_key, fingerprint, title, arena, slot,"
                          " actor, reason, unix_ms, outcome)"
                          " VALUES (?, ?, 0, 5, 'a', ?, 7, 'pay', ?, ?)",
                          {seq, Bytes(std::as_bytes(std::span(key.bytes))), slot, clock_.unix_ms(),
                           as_bytes(outcome)}));
                      TRY(connection.execute("UPDATE shard SET seq = ?", {seq}));
                      return {};
                    })
                    .ok());
  }

  std::unique_ptr<Runs> start(std::optional<int> minute_of_day) {
    return std::make_unique<Runs>(RunsParts{.log = log_,
                                            .own = *own_,
                                            .clock = clock_,
                                            .zone = zone_,
                                            .minute_of_day = minute_of_day,
                                            .metrics = &metrics_,
                                            .poll_ms = 5});
  }

  std::vector<RunRow> runs() {
    std::vector<RunRow> rows;
    EXPECT_TRUE(own_->read_and_wait([&](sql::Connection& connection) -> Result<void> {
                      TRY_ASSIGN(rows, read_runs(connection));
                      return {};
                    })
                    .ok());
    return rows;
  }
  // Until that many runs have ended.
  void wait_for(std::size_t count) {
    for (int i = 0; i < 4000; ++i) {
      const auto rows = runs();
      if (rows.size() >= count && rows.front().ended_ms != 0) return;
      std::this_thread::sleep_for(5ms);
    }
    FAIL() << "no " << count << " runs";
  }

  std::unique_ptr<sql::Db> main_, shard_, own_;
  game::LogDbs log_;
  Zone zone_;
  metrics::Registry metrics_;
  io::ManualClock clock_{at("2026-11-26T01:00:00Z")};
};
MATSURI_FOR_EACH_ENGINE(RunsTest);

TEST_P(RunsTest, ANightComesAtItsHourAndOnce) {
  const auto nights = start(210);
  add_command(1);
  for (int i = 0; i < 1000 && !nights->next_ms(); ++i) std::this_thread::sleep_for(5ms);
  EXPECT_EQ(nights->next_ms(), at("2026-11-26T03:30:00Z"));
  clock_.advance_ms(2 * hour_ms);
  std::this_thread::sleep_for(50ms);
  EXPECT_TRUE(runs().empty()) << "it is not time yet";
  clock_.advance_ms(hour_ms);
  wait_for(1);
  ASSERT_EQ(runs().size(), 1U);
  EXPECT_EQ(runs()[0].state, "done");
  EXPECT_EQ(runs()[0].asked_by, "night");
  EXPECT_EQ(runs()[0].command_count, 1U);
  for (int i = 0; i < 1000 && nights->next_ms() != at("2026-11-27T03:30:00Z"); ++i)
    std::this_thread::sleep_for(5ms);
  EXPECT_EQ(nights->next_ms(), at("2026-11-27T03:30:00Z"));
  EXPECT_EQ(runs().size(), 1U);
  EXPECT_TRUE(metrics_.to_text().contains("matsuri_analytics_commands_total 1"));
  EXPECT_TRUE(metrics_.to_text().contains("matsuri_analytics_runs_total{state=\"done\"} 1"));
}

TEST_P(RunsTest, ANightThatWasMissedIsMadeUpFor) {
  {
    const auto nights = start(210);
    clock_.advance_ms(3 * hour_ms);
    wait_for(1);
  }
  clock_.advance_ms(50 * hour_ms);
  const auto nights = start(210);
  wait_for(2);
  EXPECT_EQ(runs()[0].asked_by, "night");
}

TEST_P(RunsTest, WhoeverAsksGetsOneAlsoWithoutNights) {
  const auto by_hand = start(std::nullopt);
  add_command(1);
  EXPECT_EQ(by_hand->next_ms(), std::nullopt);
  EXPECT_FALSE(by_hand->is_busy());
  by_hand->ask();
  EXPECT_TRUE(by_hand->is_busy() || !runs().empty());
  wait_for(1);
  clock_.advance_ms(1000 * hour_ms);
  std::this_thread::sleep_for(50ms);
  ASSERT_EQ(runs().size(), 1U);
  EXPECT_EQ(runs()[0].asked_by, "admin");
}

TEST_P(RunsTest, ARunThatFailedSaysWhyAndIsTriedAgainLater) {
  const auto nights = start(210);
  add_command(1, R"({"verdict":"won"})");
  clock_.advance_ms(3 * hour_ms);
  wait_for(1);
  EXPECT_EQ(runs()[0].state, "failed");
  EXPECT_TRUE(runs()[0].error.contains("place 1 of arena a")) << runs()[0].error;
  std::this_thread::sleep_for(50ms);
  EXPECT_EQ(runs().size(), 1U) << "not at once";
  ASSERT_TRUE(shard_
                  ->write_and_wait([](sql::Connection& connection) -> Result<void> {
                    TRY(connection.execute("UPDATE command SET outcome = ?",
                                           {as_bytes(R"({"verdict":"applied"})")}));
                    return {};
                  })
                  .ok());
  clock_.advance_ms(hour_ms / 10);
  wait_for(2);
  EXPECT_EQ(runs()[0].state, "done");
  EXPECT_EQ(runs()[0].command_count, 1U);
}

TEST_P(RunsTest, WhatAKillCutShortIsTakenUpAtTheStart) {
  add_command(1);
  ASSERT_TRUE(own_->write_and_wait([](sql::Connection& connection) -> Result<void> {
                    TRY(connection.execute(
                        "INSERT INTO run (id, state, asked_by, started_ms, ended_ms, done_count,"
                        " total_count, command_count, error)"
                        " VALUES (1, 'running', 'admin', 5, 0, 0, 0, 0, '')"));
                    return {};
                  })
                  .ok());
  const auto again = start(std::nullopt);
  wait_for(2);
  EXPECT_EQ(runs()[0].state, "done");
  EXPECT_EQ(runs()[0].asked_by, "start");
  EXPECT_EQ(runs()[1].state, "interrupted");
}

}  // namespace
}  // namespace matsuri::analytics
