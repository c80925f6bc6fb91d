// Goal: what a row keeps of a trade is the trade that was sent, and nothing else is taken for one.
// (Every limit of what is sent has its live request in tests/functional/walk_trade.py.)
#include "game/trade_json.h"

#include <gtest/gtest.h>

#include <string>

#include "game/testing/trade_world.h"
#include "sequencer/decide.h"
#include "sequencer/testing/world.h"

namespace matsuri::game {
namespace {

constexpr std::string_view body = R"({"key":"01932c07-8c00-7abc-9def-0123456789ab","reason":"swap",
"legs":[{"arena":"a","entities":[{"kind":"purse","id":"q"}],
         "guards":[{"entity":0,"field":"gold","is":">=","value":5},{"is":"now<","value":9}],
         "take":[{"kind":"purse","id":"p","field":"gold","value":3}],
         "give":[{"kind":"purse","id":"p","field":"gems","value":1}]},
        {"arena":"b","give":[{"kind":"purse","id":"p","field":"gold","value":3}]}]})";

TEST(TradeJson, TheStoredTextIsTheTrade) {
  const auto trade = parse_trade(body, trade_title, trade_schema(), moves_alone, {});
  ASSERT_TRUE(trade.ok()) << trade.error().to_string();
  ASSERT_EQ(trade->legs.size(), 2U);
  const Leg& leg = trade->legs.front();
  EXPECT_EQ(leg.entities, (std::vector<std::pair<sequencer::KindIndex, std::string>>{
                              {purse, "q"}, {purse, "p"}}));
  EXPECT_EQ(leg.take, (std::vector<Move>{{.entity = 1, .field = gold, .value = 3}}));
  const std::string text = to_text(*trade, trade_schema());
  const auto again = parse_stored_trade(text, trade_title, trade->key, trade_schema(), moves_alone);
  ASSERT_TRUE(again.ok()) << again.error().to_string();
  EXPECT_EQ(*again, *trade);
  EXPECT_EQ(to_text(*again, trade_schema()), text);
  for (std::size_t size = 0; size < text.size(); ++size)
    EXPECT_FALSE(parse_stored_trade(text.substr(0, size), trade_title, trade->key, trade_schema(),
                                    moves_alone)
                     .ok());
}

TEST(TradeJson, TheStoredTextHasThePoints) {
  const std::string legs = R"("legs":[{"points":[{"from":"account:7","to":"spend:shop","amount":5},
    {"from":"campaign:summer","to":"account:9","amount":6}]},
    {"arena":"b","give":[{"kind":"purse","id":"p","field":"gold","value":3}]})";
  const std::string begin = R"({"key":"01932c07-8c00-7abc-9def-0123456789ab",)";
  const auto parse = [&](const std::string& text, AccountId player) {
    return parse_trade(begin + text, trade_title, trade_schema(), moves_alone, player);
  };
  for (const AccountId player : {AccountId{}, AccountId{7}}) {
    const auto trade = parse(legs + "]}", player);
    ASSERT_TRUE(trade.ok()) << trade.error().to_string();
    EXPECT_EQ(trade->player, player);
    ASSERT_TRUE(trade->legs.front().points);
    EXPECT_EQ(trade->legs.front().points->moves,
              (std::vector<PointsMove>{{"account:7", "spend:shop", 5},
                                       {"campaign:summer", "account:9", 6}}));
    const std::string text = to_text(*trade, trade_schema());
    const auto again =
        parse_stored_trade(text, trade_title, trade->key, trade_schema(), moves_alone);
    ASSERT_TRUE(again.ok()) << again.error().to_string();
    EXPECT_EQ(*again, *trade);
  }
  EXPECT_EQ(parse(legs + R"(,{"points":[{"from":"a","to":"b","amount":1}]}]})", AccountId{7})
                .error()
                .code(),
            Code::invalid);
  // Whoever has no part in it does not ask for it.
  EXPECT_EQ(parse(R"("legs":[{"arena":"a","give":[{"kind":"purse","id":"p","field":"gold",
                  "value":3}]},{"arena":"b","give":[{"kind":"purse","id":"p","field":"gold",
                  "value":3}]}]})",
                  AccountId{7})
                .error()
                .code(),
            Code::denied);
}

TEST(TradeJson, RefusalsComeBackAsTheyWere) {
  using enum Refusal::Part;
  for (const sequencer::Verdict verdict :
       {sequencer::Verdict::rejected, sequencer::Verdict::version_mismatch,
        sequencer::Verdict::invalid, sequencer::Verdict::overloaded})
    for (const Refusal::Part part : {none, guard, take, give, points})
      for (const std::optional<std::uint8_t> leg : {std::optional<std::uint8_t>{}, {0}, {7}}) {
        const Refusal refusal{.verdict = verdict,
                              .leg = leg,
                              .part = part,
                              .index = static_cast<std::uint8_t>(part == none ? 0 : 15),
                              .message = "so \"it\" is"};
        const auto again = parse_refusal(to_text(refusal));
        ASSERT_TRUE(again.ok());
        EXPECT_EQ(*again, refusal);
      }
  for (const char* wrong :
       {"", "{}", R"({"outcome":"applied","message":""})", R"({"outcome":"rejected"})"})
    EXPECT_EQ(parse_refusal(wrong).error().code(), Code::corrupt) << wrong;
}

// The four commands are well formed for the largest leg, and a hold is the same however often it is
// asked for.
TEST(TradeJson, CommandsOfALargeLegAreWellFormed) {
  sequencer::Keys keys(1);
  Trade trade = trade_of(keys.make(1'790'000'000'000), {{.arena = "a"}, {.arena = "b"}});
  Leg& leg = trade.legs.front();
  leg.entities.clear();
  for (std::uint8_t i = 0; i < leg_entity_count_max; ++i) {
    leg.entities.emplace_back(purse, std::to_string(i));
    leg.guards.push_back({.entity = i, .compare = sequencer::Compare::exists});
    (i < move_count_max ? leg.take : leg.give).push_back({.entity = i, .field = gold, .value = 1});
  }
  const sequencer::Schema& schema = trade_schema().schema;
  const sequencer::Key key = keys.make(1'790'000'000'000);
  for (const sequencer::Command& command :
       {hold_command(trade, 0), commit_command(trade, 0, key), undo_command(trade, 0, key),
        bury_command(trade, 0, key), forget_command(trade, 0, key)})
    EXPECT_TRUE(sequencer::check(command, schema).ok())
        << sequencer::check(command, schema).error().to_string();
  EXPECT_EQ(hold_command(trade, 0), hold_command(trade, 0));
  EXPECT_NE(hold_command(trade, 0).key, hold_command(trade, 1).key);
  EXPECT_EQ(hold_command(trade, 0).key.unix_ms(), trade.key.unix_ms());
}

}  // namespace
}  // namespace matsuri::game
