// Goal: a trade is written as the API has it, sent under one key until it is answered, and told as it
// was answered.
// Method: a network in the test's hands; the answers are those of api/openapi.yaml.
#include <gtest/gtest.h>

#include "fake.h"

namespace matsuri {
namespace {

using testing::me;
using testing::problem;
using testing::Sent;
using testing::World;

const EntityRef stall("purse", "stall");
const EntityRef mio("purse", "42");

Trade sale() {
  return Trade("shop.sale")
      .leg(TradeLeg("shop")
               .when(stall["swords"] >= 1)
               .when(before(9'007'199'254'740'993))
               .take(stall["swords"], 1))
      .leg(TradeLeg("player-42").give(mio["swords"], 1))
      .pay("account:42", "spend:shop", 100)
      .as("mp_1");
}

class TradeTest : public ::testing::Test {
 protected:
  std::unique_ptr<Client> serving() {
    auto client = world.open();
    client->open_game(GameOptions{"3", "", "mk_server"}, nullptr);
    world.run(*client, 10);
    return client;
  }
  std::string propose(Client& client, const Trade& trade) {
    std::string key = client.propose(
        trade, [this](const Result<TradeOutcome>& outcome) { heard.push_back(outcome); });
    world.run(client, 10);
    return key;
  }
  Sent& last() { return *world.sent.back(); }
  void answer_last(Client& client, int status, std::string body) {
    world.answer(world.sent.size() - 1, status, std::move(body));
    world.run(client, 10);
  }

  World world;
  std::vector<Result<TradeOutcome>> heard;
};

TEST_F(TradeTest, IsWrittenAsTheApiHasIt) {
  auto client = serving();
  const std::string key = propose(*client, sale());
  EXPECT_EQ(last().request.method, "POST");
  EXPECT_EQ(last().path(), "/v1/game/3/trades");
  EXPECT_EQ(last().header("Authorization"), "Bearer mk_server");
  EXPECT_EQ(last().header("Matsuri-Player"), "mp_1");
  EXPECT_EQ(last().body(), parse_json(R"({"key":")" + key + R"(","reason":"shop.sale","legs":[
    {"arena":"shop","entities":[{"kind":"purse","id":"stall"}],
     "guards":[{"entity":0,"field":"swords","is":">=","value":1},
               {"is":"now<","value":9007199254740993}],
     "take":[{"kind":"purse","id":"stall","field":"swords","value":1}],"give":[]},
    {"arena":"player-42","entities":[],"guards":[],"take":[],
     "give":[{"kind":"purse","id":"42","field":"swords","value":1}]},
    {"points":[{"from":"account:42","to":"spend:shop","amount":100}]}]})"));
  answer_last(*client, 200,
              R"({"key":")" + key + R"(","outcome":"applied","duplicate":false,"settled":true})");
  ASSERT_EQ(heard.size(), 1U);
  ASSERT_TRUE(heard[0]);
  EXPECT_TRUE(heard[0]->applied() && heard[0]->settled && !heard[0]->duplicate);
  EXPECT_EQ(heard[0]->key, key);
  EXPECT_FALSE(heard[0]->leg);
}

TEST_F(TradeTest, IsSentUnderItsKeyUntilItIsAnswered) {
  auto client = serving();
  const std::string key = propose(*client, sale());
  for (int i = 0; i < 12; ++i) {
    if (i % 2 == 0)
      world.lose(world.sent.size() - 1);
    else
      answer_last(*client, 503, problem("busy", "nobody knows yet"));
    world.run(*client, 60'000);
    ASSERT_EQ(world.sent.size(), static_cast<std::size_t>(i) + 2);
    EXPECT_EQ(last().request.body, world.sent.front()->request.body);
  }
  EXPECT_TRUE(heard.empty());
  answer_last(*client, 200,
              R"({"key":")" + key + R"(","outcome":"applied","duplicate":true,"settled":false})");
  ASSERT_EQ(heard.size(), 1U);
  EXPECT_TRUE(heard[0]->applied() && heard[0]->duplicate && !heard[0]->settled);
}

TEST_F(TradeTest, GoesOnUnderAKeyThatIsKnown) {
  auto client = serving();
  const std::string key = "0193a000-0000-7000-8000-000000000001";
  EXPECT_EQ(propose(*client, sale().under(key)), key);
  EXPECT_EQ(last().body()["key"], key);
}

TEST_F(TradeTest, SaysWhatWasRefused) {
  auto client = serving();
  for (const char* part : {"guard", "take", "give", "points"}) {
    const std::string key = propose(*client, sale());
    answer_last(*client, 200,
                R"({"key":")" + key + R"(","outcome":"rejected","duplicate":false,)" +
                    R"("settled":true,"leg":2,")" + part + R"(":1,"message":"there is less"})");
    ASSERT_TRUE(heard.back());
    EXPECT_EQ(heard.back()->verdict, TradeVerdict::rejected);
    EXPECT_EQ(heard.back()->leg, 2U);
    EXPECT_EQ(heard.back()->part, part);
    EXPECT_EQ(heard.back()->index, 1U);
    EXPECT_EQ(heard.back()->message, "there is less");
  }
  for (const TradeVerdict verdict :
       {TradeVerdict::applied, TradeVerdict::version_mismatch, TradeVerdict::invalid,
        TradeVerdict::expired, TradeVerdict::key_reuse, TradeVerdict::key_too_old,
        TradeVerdict::key_from_future}) {
    propose(*client, sale());
    answer_last(*client, 200, R"({"key":"k","outcome":")" + std::string(name_of(verdict)) + "\"}");
    EXPECT_EQ(heard.back()->verdict, verdict);
  }
  propose(*client, sale());
  answer_last(*client, 200, R"({"key":"k","outcome":"maybe"})");
  EXPECT_EQ(heard.back().error().code, Code::corrupt);
  propose(*client, sale());
  answer_last(*client, 403, problem("denied", "points are their account's"));
  EXPECT_EQ(heard.back().error().code, Code::denied);
}

TEST_F(TradeTest, IsLookedUpByItsKey) {
  auto client = serving();
  std::vector<Result<TradeOutcome>> found;
  const auto hear = [&](const Result<TradeOutcome>& outcome) { found.push_back(outcome); };
  client->look_up_trade("k", hear);
  world.run(*client, 10);
  EXPECT_EQ(last().path(), "/v1/game/3/trades/k");
  EXPECT_EQ(last().header("Matsuri-Player"), "");
  answer_last(*client, 200, R"({"key":"k","outcome":"pending","duplicate":true,"settled":false})");
  client->look_up_trade("x", hear);
  world.run(*client, 10);
  answer_last(*client, 404, problem("not_found", "there is no trade with this key"));
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0]->verdict, TradeVerdict::pending);
  EXPECT_EQ(found[1].error().code, Code::not_found);
}

TEST_F(TradeTest, NeedsAGame) {
  auto client = world.open();
  propose(*client, sale());
  ASSERT_EQ(heard.size(), 1U);
  EXPECT_EQ(heard[0].error().code, Code::invalid);
}

// The player's own client tells it to the title's server.
TEST_F(TradeTest, APlayersTokenComesWithTheSession) {
  auto client = world.open();
  std::optional<GameSession> session;
  client->open_game(GameOptions{"3", "mk_title", ""},
                    [&](const Result<GameSession>& got) { session = *got; });
  client->use_token("mt_x", nullptr);
  answer_last(*client, 200, me);
  ASSERT_EQ(last().path(), "/v1/game/3/sessions");
  answer_last(*client, 201,
              R"({"player_token":"mp_7","player":"42","expires_at":"2026-11-27T00:00:00.000Z",)"
              R"("server_time_ms":1764000000000})");
  ASSERT_TRUE(session);
  EXPECT_EQ(session->player_token, "mp_7");
}

}  // namespace
}  // namespace matsuri
