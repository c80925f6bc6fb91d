// Goal: what one command adds to each measure is what docs/analytics.md says, at the borders of
// numbers as well.
#include "analytics/fold.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>

namespace matsuri::analytics {
namespace {

constexpr std::int64_t day_ms = 24 * 3'600'000;

Decided decided(const std::string& reason, const std::string& outcome, std::uint64_t actor = 7) {
  Decided command{.seq = 1,
                  .title = TitleId{5},
                  .arena = "a",
                  .actor = AccountId{actor},
                  .reason = reason,
                  .unix_ms = 3 * day_ms,
                  .entities = {}};
  const auto read = read_outcome(outcome, command);
  EXPECT_TRUE(read.ok()) << read.error().to_string();
  return command;
}

std::string state(const std::string& fields, const std::string& kind = "player") {
  return R"({"verdict":"applied","entities":[{"at":0,"kind":")" + kind +
         R"(","id":"p","version":1,"fields":)" + fields + "}]}";
}

Flow flow_of(const Sums& sums, const std::string& field, const std::string& reason) {
  const auto found = sums.economy.find({5, 3, "player", field, reason});
  return found == sums.economy.end() ? Flow{} : found->second;
}

TEST(AnalyticsFold, DifferencesOfVersionsAreSummedByReason) {
  Sums sums;
  fold({decided("born", state(R"({"gold":10,"hp":100})")),
        decided("pay", state(R"({"gold":4,"hp":100})")),
        decided("pay", state(R"({"gold":7,"hp":100})")), decided("debt", state(R"({"gold":-5})")),
        decided("gone", state("{}"))},
       Zone(), sums);
  EXPECT_EQ(flow_of(sums, "gold", "born").amount_in, 10U);
  EXPECT_EQ(flow_of(sums, "gold", "pay").amount_in, 3U);
  EXPECT_EQ(flow_of(sums, "gold", "pay").amount_out, 6U);
  EXPECT_EQ(flow_of(sums, "gold", "debt").amount_out, 12U);
  EXPECT_EQ(flow_of(sums, "hp", "debt").amount_out, 100U) << "a field that went was all of it";
  EXPECT_EQ(flow_of(sums, "gold", "gone").amount_in, 5U) << "a debt that went";
  EXPECT_FALSE(sums.economy.contains({5, 3, "player", "hp", "pay"})) << "what stayed moves nothing";
  EXPECT_TRUE(sums.entities.at({5, "a", "player", "p"}).empty());
}

TEST(AnalyticsFold, WhatWasKnownBeforeIsWhereDifferencesBegin) {
  Sums sums;
  sums.entities[{5, "a", "player", "p"}] = {{"gold", 100}};
  fold({decided("pay", state(R"({"gold":90})"))}, Zone(), sums);
  EXPECT_EQ(flow_of(sums, "gold", "pay").amount_in, 0U);
  EXPECT_EQ(flow_of(sums, "gold", "pay").amount_out, 10U);
}

TEST(AnalyticsFold, SumsStopAtTheLargestNumber) {
  constexpr auto low = std::numeric_limits<std::int64_t>::min();
  constexpr auto high = std::numeric_limits<std::int64_t>::max();
  const auto at = [](std::int64_t value) {
    return state("{\"gold\":" + std::to_string(value) + "}");
  };
  Sums sums;
  fold({decided("up", at(high)), decided("down", at(low)), decided("up", at(high)),
        decided("down", at(low)), decided("one", at(low + 1))},
       Zone(), sums);
  EXPECT_EQ(flow_of(sums, "gold", "up").amount_in, amount_max);
  EXPECT_EQ(flow_of(sums, "gold", "down").amount_out, amount_max);
  EXPECT_EQ(flow_of(sums, "gold", "one").amount_in, 1U);
}

TEST(AnalyticsFold, OnlyAppliedCommandsOfPlayersMakeOneActive) {
  Sums sums;
  fold({decided("pay", state("{}"), 7), decided("pay", R"({"verdict":"rejected","guard":0})", 8),
        decided("tick", state("{}"), 0),
        decided("pay", R"({"verdict":"linked_failed","linked":1})")},
       Zone(), sums);
  EXPECT_EQ(sums.active, (std::set<std::tuple<Title, Account, Day>>{{5, 7, 3}}));
  EXPECT_EQ(sums.participants, (std::set<std::tuple<Title, Text, Account>>{{5, "a", 7}}));
  EXPECT_EQ((sums.commands.at({5, 3, "pay"})), (Counts{1, 1, 0, 1}));
  EXPECT_EQ((sums.arena_commands.at({5, "a", "tick"})), (Counts{1, 0, 0, 0}));
}

TEST(AnalyticsFold, WhatIsHeldOfATradeIsNoEconomy) {
  Sums sums;
  fold({decided("swap", state(R"({"state":1,"amount_0":50})", "hold"))}, Zone(), sums);
  EXPECT_TRUE(sums.economy.empty());
  EXPECT_TRUE(sums.entities.empty());
}

TEST(AnalyticsFold, WhatCanNotBeReadIsSaidWithItsPlace) {
  for (const char* outcome :
       {"", "{}", R"({"verdict":"won"})", R"({"verdict":"applied","entities":[{}]})",
        R"({"verdict":"applied","entities":[{"kind":"a","id":"b","fields":{"x":1.5}}]})"}) {
    Decided command{.seq = 17, .arena = "raid-1", .entities = {}};
    const auto read = read_outcome(outcome, command);
    ASSERT_FALSE(read.ok()) << outcome;
    EXPECT_EQ(read.error().code(), Code::corrupt);
    EXPECT_TRUE(read.error().message().contains("place 17 of arena raid-1"));
  }
}

}  // namespace
}  // namespace matsuri::analytics
