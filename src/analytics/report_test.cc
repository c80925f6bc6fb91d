// Goal: what is read of what runs have counted: reports, the views of analysts, and that both say the
// same; where nothing was counted, where a day is not over yet, and where there is more than is
// told.
#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <string>

#include "analytics/query.h"
#include "analytics/testing/world.h"
#include "base/bytes.h"
#include "sequencer/testing/world.h"

namespace matsuri::analytics {
namespace {

using sequencer::test_title;

class ReportTest : public AnalyticsWorld {};
MATSURI_FOR_EACH_ENGINE(ReportTest);

TEST_P(ReportTest, ATitleWithoutCommandsHasAReportOfZeros) {
  {
    const PlayingNode node(shard_options_);
  }
  const Databases all = databases();
  ASSERT_TRUE(run(all).ok());
  EXPECT_EQ(tables_of(*all.own), Tables{});
  ASSERT_TRUE(all.own
                  ->read_and_wait([](sql::Connection& connection) -> Result<void> {
                    TRY_ASSIGN(const Report report, read_report(connection, TitleId{9}, 100, 106));
                    EXPECT_EQ(report.as_of_ms, start_ms + 900 * hour_ms);
                    EXPECT_EQ(report.days.size(), 7U);
                    for (const DayRow& day : report.days) EXPECT_EQ(day.active, 0U);
                    EXPECT_TRUE(report.cohorts.empty());
                    EXPECT_TRUE(report.fields.empty());
                    EXPECT_TRUE(report.raids.empty());
                    TRY_ASSIGN(const auto titles, read_titles(connection));
                    EXPECT_TRUE(titles.empty());
                    return {};
                  })
                  .ok());
}

// The API's figures are those of the views that analysts query.
TEST_P(ReportTest, TheReportSaysWhatTheViewsSay) {
  play(16, 400);
  const Databases all = databases();
  ASSERT_TRUE(run(all).ok());
  const Day first = zone_.day_of(start_ms), last = first + 40;
  Report report;
  ASSERT_TRUE(all.own
                  ->read_and_wait([&](sql::Connection& connection) -> Result<void> {
                    TRY_ASSIGN(report, read_report(connection, test_title, first, last));
                    return {};
                  })
                  .ok());
  const std::string mine = " WHERE title = " + std::to_string(test_title.value);
  Lines active, cohorts, raids, commands;
  std::uint64_t raid_count = 0;
  for (std::size_t i = 0; i < report.days.size(); ++i) {
    const std::string date = to_date(first + static_cast<Day>(i));
    if (report.days[i].active != 0) active.push_back(line(date, report.days[i].active));
    const Counts& c = report.days[i].commands;
    if (c != Counts{}) commands.push_back(line(date, c[0], c[1], c[2], c[3]));
    raid_count += report.days[i].raids;
  }
  EXPECT_GT(active.size(), 10U);
  EXPECT_EQ(active, rows_of(*all.own, "SELECT day, accounts FROM daily_active" + mine, 2));
  EXPECT_EQ(commands, rows_of(*all.own,
                              "SELECT day, SUM(applied), SUM(rejected), SUM(version_mismatch),"
                              " SUM(linked_failed) FROM commands" +
                                  mine + " GROUP BY day",
                              5));
  const auto known = [](const std::optional<std::uint64_t>& count) {
    return count ? std::to_string(*count) : "null";
  };
  for (const CohortRow& one : report.cohorts)
    cohorts.push_back(line(to_date(one.day), one.accounts, known(one.day_1), known(one.day_7),
                           known(one.day_30)));
  EXPECT_FALSE(cohorts.empty());
  EXPECT_EQ(
      cohorts,
      rows_of(*all.own, "SELECT cohort, accounts, day_1, day_7, day_30 FROM retention" + mine, 5));
  for (const RaidRow& one : report.raids)
    raids.push_back(line(one.arena, one.span.first_ms, one.span.last_ms, one.participants,
                         one.applied, one.refused));
  std::ranges::sort(raids);
  EXPECT_EQ(raids.size(), raid_count);
  EXPECT_EQ(raids, rows_of(*all.own,
                           "SELECT arena, started_ms, ended_ms, participants, applied, refused"
                           " FROM raids" +
                               mine,
                           6));
  EXPECT_EQ(report.fields.size(),
            rows_of(*all.own, "SELECT DISTINCT kind, field FROM economy" + mine, 2).size());
  for (const FieldRow& field : report.fields) {
    Flow days, reasons;
    for (const Flow& one : field.days) days.amount_in = std::max(days.amount_in, one.amount_in);
    for (const FlowRow& one : field.reasons)
      reasons.amount_in = std::max(reasons.amount_in, one.flow.amount_in);
    EXPECT_LE(days.amount_in, field.total.amount_in);
    EXPECT_LE(reasons.amount_in, field.total.amount_in);
  }
  EXPECT_EQ(rows_of(*all.own, "SELECT SUM(applied) FROM raid_commands" + mine, 1),
            rows_of(*all.own, "SELECT SUM(applied) FROM commands" + mine, 1));
}

// Of a cohort's later days nothing is said before they are over.
TEST_P(ReportTest, RetentionIsKnownWhenTheDayIsOver) {
  play(17, 40);
  const Databases all = databases();
  for (const Day later : {0, 1, 2, 7, 8, 30, 31}) {
    const Day first = 20000;
    ASSERT_TRUE(
        all.own
            ->write_and_wait([&](sql::Connection& connection) -> Result<void> {
              for (const char* table : {"player", "active", "calendar", "progress"})
                TRY(connection.execute("DELETE FROM " + std::string(table)));
              TRY(connection.execute(
                  "INSERT INTO progress (id, rev, world, zone, places, as_of_ms, as_of_day)"
                  " VALUES (1, 1, 1, 'UTC', ?, 1, ?)",
                  {as_bytes("x"), first + later}));
              TRY(connection.execute("INSERT INTO calendar (day, date) VALUES (?, 'd')", {first}));
              for (const std::uint64_t account : {1U, 2U, 3U})
                TRY(
                    connection.execute("INSERT INTO player (title, account, first_day)"
                                       " VALUES (5, ?, ?)",
                                       {account, first}));
              for (const auto& [account, day] :
                   {std::pair{1, 0}, {2, 0}, {3, 0}, {1, 1}, {2, 1}, {1, 7}, {3, 8}, {2, 30}})
                TRY(connection.execute("INSERT INTO active (title, account, day) VALUES (5, ?, ?)",
                                       {account, first + day}));
              return {};
            })
            .ok());
    const auto known = [&](Day day, const char* count) { return later > day ? count : "null"; };
    EXPECT_EQ(rows_of(*all.own, "SELECT accounts, day_1, day_7, day_30 FROM retention", 4),
              Lines{line(3, known(1, "2"), known(7, "1"), known(30, "1"))})
        << later;
  }
}

// What games invent is bounded: the largest are told, and the others together.
TEST_P(ReportTest, WhatIsTooMuchIsToldTogether) {
  {
    const PlayingNode node(shard_options_);
  }
  const Databases all = databases();
  constexpr Day day = 20000;
  constexpr std::uint64_t reason_count = 1100, field_count = 30, arena_count = 60;
  ASSERT_TRUE(
      all.own
          ->write_and_wait([&](sql::Connection& connection) -> Result<void> {
            for (std::uint64_t i = 1; i <= reason_count; ++i) {
              const std::string reason = "r" + std::to_string(i);
              TRY(connection.execute("INSERT INTO command_day VALUES (5, ?, ?, ?, 0, 0, 0)",
                                     {day, reason, i}));
              TRY(connection.execute("INSERT INTO flow VALUES (5, ?, 'k', 'f', ?, ?, 1)",
                                     {day, reason, i}));
            }
            for (std::uint64_t i = 1; i < field_count; ++i)
              TRY(connection.execute("INSERT INTO flow VALUES (5, ?, 'k', ?, 'r', 0, ?)",
                                     {day, "f" + std::to_string(i), i}));
            for (std::uint64_t i = 1; i <= arena_count; ++i) {
              const std::string arena = "a" + std::to_string(i);
              TRY(connection.execute("INSERT INTO arena VALUES (5, ?, ?, 1, 2)", {arena, day}));
              for (std::uint64_t account = 1; account <= i; ++account)
                TRY(connection.execute("INSERT INTO participant VALUES (5, ?, ?)",
                                       {arena, account}));
            }
            return {};
          })
          .ok());
  Report report;
  ASSERT_TRUE(all.own
                  ->read_and_wait([&](sql::Connection& connection) -> Result<void> {
                    TRY_ASSIGN(report, read_report(connection, TitleId{5}, day, day));
                    return {};
                  })
                  .ok());
  constexpr std::uint64_t sum = reason_count * (reason_count + 1) / 2;
  const auto sum_of = [](const auto& rows, const auto& amount) {
    std::uint64_t all_of_them = 0;
    for (const auto& row : rows) all_of_them += amount(row);
    return all_of_them;
  };
  ASSERT_EQ(report.reasons.size(), reason_count_max + 1);
  EXPECT_EQ(report.reasons.back().reason, std::nullopt);
  EXPECT_EQ(sum_of(report.reasons, [](const ReasonRow& row) { return row.commands[applied]; }),
            sum);
  EXPECT_EQ(report.days.front().commands[applied], sum);
  ASSERT_EQ(report.fields.size(), field_count_max);
  EXPECT_EQ(report.fields_left_out, field_count - field_count_max);
  const FieldRow& most = report.fields.front();
  EXPECT_EQ(most.field, "f");
  EXPECT_EQ(most.total.amount_in, sum);
  ASSERT_EQ(most.reasons.size(), reason_count_max + 1);
  EXPECT_EQ(sum_of(most.reasons, [](const FlowRow& row) { return row.flow.amount_in; }), sum);
  EXPECT_EQ(sum_of(most.reasons, [](const FlowRow& row) { return row.flow.amount_out; }),
            reason_count);
  EXPECT_EQ(report.days.front().raids, arena_count);
  ASSERT_EQ(report.raids.size(), raid_count_max);
  EXPECT_EQ(report.raids.front().arena, "a60");
  EXPECT_EQ(report.raids.front().participants, 60U);
}

}  // namespace
}  // namespace matsuri::analytics
