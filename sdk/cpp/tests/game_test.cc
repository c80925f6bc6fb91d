// Goal: a command takes effect once and its outcome is told once, with the values as they are.
// Method: a network in the test's hands; the answers are those of api/openapi.yaml.
#include <gtest/gtest.h>

#include <limits>

#include "core.h"
#include "fake.h"

namespace matsuri {
namespace {

using testing::me;
using testing::outcomes;
using testing::problem;
using testing::Sent;
using testing::World;

const EntityRef boss("boss", "b1");
const EntityRef tally("tally", "42");

Command attack() {
  return Command("raid-7", "raid.attack")
      .when(boss["hp"] > 0)
      .then(boss["hp"].sub_clamp(10))
      .then(tally["damage"].add(10));
}

class GameTest : public ::testing::Test {
 protected:
  void sign_in(Client& client) {
    client.use_token("mt_x", nullptr);
    world.answer(world.sent.size() - 1, 200, me);
    world.run(client, 10);
  }
  void begin_session(Client& client, std::int64_t server_ahead_ms = 0) {
    ASSERT_EQ(last().path(), "/v1/game/3/sessions");
    world.answer(
        world.sent.size() - 1, 201,
        R"({"player_token":"mp_)" + std::to_string(++sessions) +
            R"(","player":"42","expires_at":"2026-11-27T00:00:00.000Z","server_time_ms":)" +
            std::to_string(world.unix_ms + server_ahead_ms) + "}");
    world.run(client, 10);
  }
  std::unique_ptr<Client> playing(bool with_storage = false, std::int64_t server_ahead_ms = 0) {
    auto client = world.open(with_storage);
    client->open_game(GameOptions{"3", "mk_title", ""}, nullptr);
    sign_in(*client);
    begin_session(*client, server_ahead_ms);
    return client;
  }
  std::string send(Client& client) {
    return client.send(attack(),
                       [this](const Result<Outcome>& outcome) { heard.push_back(outcome); });
  }
  Sent& last() { return *world.sent.back(); }
  void answer_last(int status, std::string body) {
    world.answer(world.sent.size() - 1, status, std::move(body));
  }

  World world;
  std::vector<Result<Outcome>> heard;
  int sessions = 0;
};

TEST_F(GameTest, ASessionIsBegunWithTheAccountAndTheTitlesKey) {
  auto client = world.open();
  std::optional<GameSession> session;
  client->open_game(GameOptions{"3", "mk_title", ""},
                    [&](const Result<GameSession>& got) { session = *got; });
  sign_in(*client);
  EXPECT_EQ(last().header("Authorization"), "Bearer mt_x");
  EXPECT_EQ(last().request.body, R"({"title_key":"mk_title"})");
  EXPECT_FALSE(client->status().in_game);
  begin_session(*client, 5'000);
  ASSERT_TRUE(session);
  EXPECT_EQ(session->player, "42");
  EXPECT_TRUE(client->status().in_game);
  // Half of what the answer took is what nobody knows.
  EXPECT_NEAR(static_cast<double>(client->server_time_ms()),
              static_cast<double>(world.unix_ms + 5'000), 10);
}

TEST_F(GameTest, ACommandIsWrittenAsTheApiHasIt) {
  auto client = playing();
  const std::string key =
      client->send(attack()
                       .when(boss["hp"] <= 9'007'199'254'740'993)
                       .when(tally.absent())
                       .when(tally.version_is(3))
                       .when(tally["damage"].exists())
                       .when(before(1'764'122'400'000))
                       .then(boss["hp"].add_clamp(5, boss["hp_max"]))
                       .then(boss["hp"].sub_clamp(1, std::numeric_limits<std::int64_t>::min()))
                       .then(boss["hp"].set_if_absent(7))
                       .then(tally.remove())
                       .deadline(500),
                   nullptr);
  client->tick();
  EXPECT_EQ(last().path(), "/v1/game/3/commands");
  EXPECT_EQ(last().header("Authorization"), "Bearer mk_title");
  EXPECT_EQ(last().header("Matsuri-Player"), "mp_1");
  const Json expected = parse_json(R"({"commands":[{"arena":"raid-7","reason":"raid.attack",
    "entities":[{"kind":"boss","id":"b1"},{"kind":"tally","id":"42"}],
    "guards":[{"entity":0,"field":"hp","is":">","value":0},
              {"entity":0,"field":"hp","is":"<=","value":9007199254740993},
              {"entity":1,"is":"absent"},{"entity":1,"is":"version","value":3},
              {"entity":1,"field":"damage","is":"exists"},
              {"is":"now<","value":1764122400000}],
    "steps":[{"entity":0,"field":"hp","do":"sub_clamp","value":10},
             {"entity":1,"field":"damage","do":"add","value":10},
             {"entity":0,"field":"hp","do":"add_clamp","value":5,"bound_field":"hp_max"},
             {"entity":0,"field":"hp","do":"sub_clamp","value":1,"bound":-9223372036854775808},
             {"entity":0,"field":"hp","do":"set_if_absent","value":7},
             {"entity":1,"do":"remove"}],
    "deadline_ms":500}]})");
  Json body = last().body();
  EXPECT_EQ(body["commands"][0]["key"], key);
  body["commands"][0].erase("key");
  EXPECT_EQ(body, expected) << body.dump(1);
}

TEST_F(GameTest, AKeyIsAUuidOfTheServersTime) {
  auto client = playing(false, 3'600'000);
  const std::string key = send(*client);
  ASSERT_TRUE(is_key(key)) << key;
  EXPECT_NE(std::string("89ab").find(key[19]), std::string::npos) << key;
  EXPECT_NEAR(static_cast<double>(unix_ms_of_key(key)),
              static_cast<double>(world.unix_ms + 3'600'000), 20);
  EXPECT_NE(send(*client), key);
}

TEST_F(GameTest, ValuesAreExact) {
  auto client = playing();
  send(*client);
  client->tick();
  answer_last(200, outcomes(last(), "applied",
                            R"(,"duplicate":false,"seq":9007199254740993,"time_ms":5,"entities":[
    {"kind":"boss","id":"b1","version":3,"fields":{"a":9223372036854775807,"b":-9223372036854775808}}])"));
  world.run(*client, 10);
  ASSERT_EQ(heard.size(), 1u);
  ASSERT_TRUE(heard[0].ok()) << heard[0].error().message;
  ASSERT_TRUE(heard[0]->applied());
  EXPECT_EQ(heard[0]->seq, 9'007'199'254'740'993);
  const Entity* entity = heard[0]->find(boss);
  ASSERT_NE(entity, nullptr);
  EXPECT_EQ(entity->get("a"), std::numeric_limits<std::int64_t>::max());
  EXPECT_EQ(entity->get("b"), std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(entity->get("c", -1), -1);
  EXPECT_EQ(heard[0]->find(tally), nullptr);
}

TEST_F(GameTest, ANumberThatIsNo64BitIntegerIsNoAnswer) {
  for (const char* number : {"9223372036854775808", "1.5", "1e3", "\"1\"", "null"}) {
    SCOPED_TRACE(number);
    world = World();
    heard.clear();
    auto client = playing();
    send(*client);
    client->tick();
    answer_last(200, outcomes(last(), "applied",
                              std::string(R"(,"seq":1,"time_ms":5,"entities":[{"kind":"boss",
                                "id":"b1","version":3,"fields":{"hp":)") +
                                  number + "}}]"));
    world.run(*client, 10);
    ASSERT_EQ(heard.size(), 1u);
    EXPECT_EQ(heard[0].error().code, Code::corrupt);
  }
}

TEST_F(GameTest, WhatWaitsGoesTogetherAndGathersWhileABatchIsUnderWay) {
  auto client = playing();
  std::vector<std::string> keys;
  for (int i = 0; i < 3; ++i) keys.push_back(send(*client));
  client->tick();
  const std::size_t first = world.sent.size() - 1;
  for (int i = 0; i < 2; ++i) keys.push_back(send(*client));
  world.run(*client, 100);
  ASSERT_EQ(world.sent.size(), first + 1);
  answer_last(200, outcomes(last(), "rejected", R"(,"seq":1,"time_ms":5,"guard":0,"entities":[])"));
  world.run(*client, 10);
  ASSERT_EQ(world.sent.size(), first + 2);
  ASSERT_EQ(heard.size(), 3u);
  const Json one = world.sent[first]->body()["commands"];
  const Json two = world.sent[first + 1]->body()["commands"];
  ASSERT_EQ(one.size(), 3u);
  ASSERT_EQ(two.size(), 2u);
  for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(one[i]["key"], keys[i]);
  for (std::size_t i = 0; i < 2; ++i) EXPECT_EQ(two[i]["key"], keys[3 + i]);
  EXPECT_EQ(heard[0]->verdict, Verdict::rejected);
  EXPECT_EQ(heard[2]->key, keys[2]);
}

TEST_F(GameTest, ABatchHas1024CommandsAnd262144BytesAtMost) {
  world.server = nullptr;
  auto client = world.open(false, [](ClientOptions& options) {
    options.queue_count_max = 2'000;
    options.queue_size_max = 10'000'000;
  });
  client->open_game(GameOptions{"3", "mk_title", ""}, nullptr);
  for (int i = 0; i < 1'500; ++i) client->send(Command("a", "r").then(boss["hp"].add(1)), nullptr);
  sign_in(*client);
  begin_session(*client);
  EXPECT_EQ(last().body()["commands"].size(), 1024u);
  answer_last(200, outcomes(last(), "invalid"));
  world.run(*client, 10);
  EXPECT_EQ(last().body()["commands"].size(), 476u);
  answer_last(200, outcomes(last(), "invalid"));
  world.run(*client, 10);

  Command large("a", "r");
  for (int i = 0; i < 16; ++i)
    large.then(EntityRef("boss", std::string(60, 'x') + std::to_string(i))["hp"].add(1));
  for (int i = 0; i < 300; ++i) client->send(large, nullptr);
  world.run(*client, 10);
  const std::size_t size = last().request.body.size();
  EXPECT_LE(size, 262'144u);
  EXPECT_GE(size, 262'144u - 10'000);
}

TEST_F(GameTest, ABatchWithoutAnAnswerIsSentAgainAsItIs) {
  auto client = playing();
  send(*client);
  client->tick();
  const std::string body = last().request.body;
  world.lose(world.sent.size() - 1);
  send(*client);
  world.run(*client, 1'000);
  EXPECT_EQ(last().request.body, body);
  answer_last(
      200, outcomes(last(), "applied", R"(,"duplicate":true,"seq":1,"time_ms":5,"entities":[])"));
  world.run(*client, 10);
  ASSERT_EQ(heard.size(), 1u);
  EXPECT_TRUE(heard[0]->duplicate);
}

TEST_F(GameTest, WhatWasNotExecutedIsSentAgainLater) {
  for (const char* verdict : {"overloaded", "not_owner", "busy"}) {
    SCOPED_TRACE(verdict);
    world = World();
    heard.clear();
    auto client = playing();
    const std::string key = send(*client);
    client->tick();
    answer_last(200, outcomes(last(), verdict, R"(,"message":"not now")"));
    world.run(*client, 100);
    EXPECT_TRUE(heard.empty());
    const std::size_t sent = world.sent.size();
    world.run(*client, 1'000);
    ASSERT_EQ(world.sent.size(), sent + 1);
    EXPECT_EQ(last().body()["commands"][0]["key"], key);
    answer_last(200, outcomes(last(), "applied", R"(,"seq":1,"time_ms":5,"entities":[])"));
    world.run(*client, 10);
    ASSERT_EQ(heard.size(), 1u);
  }
}

TEST_F(GameTest, WhatNobodyKnewIsLookedUp) {
  auto client = playing();
  const std::string key = send(*client);
  client->tick();
  answer_last(200, outcomes(last(), "unknown"));
  world.run(*client, 10);
  EXPECT_EQ(last().path(), "/v1/game/3/commands/" + key + "?arena=raid-7");
  answer_last(
      200,
      R"({"outcome":{"key":")" + key +
          R"(","outcome":"rejected","duplicate":true,"seq":4,"time_ms":5,"guard":1,"entities":[]}})");
  world.run(*client, 10);
  ASSERT_EQ(heard.size(), 1u);
  EXPECT_EQ(heard[0]->verdict, Verdict::rejected);
  EXPECT_EQ(heard[0]->guard, 1u);

  const std::string other = send(*client);
  client->tick();
  answer_last(200, outcomes(last(), "unknown"));
  world.run(*client, 10);
  answer_last(404, problem("not_found", "was not executed so far"));
  world.run(*client, 10);
  EXPECT_EQ(last().path(), "/v1/game/3/commands");
  EXPECT_EQ(last().body()["commands"][0]["key"], other);
  EXPECT_EQ(heard.size(), 1u);
}

TEST_F(GameTest, LinkedCommandsStayTogether) {
  auto client = playing();
  std::optional<std::vector<Outcome>> all;
  client->send_linked({attack(), attack()},
                      [&](const Result<std::vector<Outcome>>& got) { all = *got; });
  client->tick();
  const Json commands = last().body()["commands"];
  ASSERT_EQ(commands.size(), 2u);
  EXPECT_EQ(commands[0]["linked"], true);
  EXPECT_FALSE(commands[1].contains("linked"));
  // One of the two was not executed: both are sent again.
  const std::string one = commands[0]["key"], two = commands[1]["key"];
  answer_last(200, R"({"outcomes":[{"key":")" + one +
                       R"(","outcome":"linked_failed","linked":1},{"key":")" + two +
                       R"(","outcome":"overloaded","message":"m"}],"token":"t"})");
  world.run(*client, 1'000);
  EXPECT_FALSE(all);
  EXPECT_EQ(last().body()["commands"], commands);
  answer_last(
      200,
      R"({"outcomes":[{"key":")" + one +
          R"(","outcome":"linked_failed","seq":1,"time_ms":5,"linked":1},{"key":")" + two +
          R"(","outcome":"rejected","seq":2,"time_ms":5,"guard":0,"entities":[]}],"token":"t"})");
  world.run(*client, 10);
  ASSERT_TRUE(all);
  EXPECT_EQ((*all)[0].linked, 1u);
  EXPECT_EQ((*all)[1].verdict, Verdict::rejected);
}

// Malformed as a whole is one of them only, and the others should not pay for it.
TEST_F(GameTest, ARefusedBatchGoesOneByOne) {
  auto client = playing();
  for (int i = 0; i < 3; ++i) send(*client);
  client->tick();
  answer_last(400, problem("invalid", "the second is too deep"));
  for (int i = 0; i < 3; ++i) {
    world.run(*client, 10);
    ASSERT_EQ(last().body()["commands"].size(), 1u);
    if (i == 1)
      answer_last(400, problem("invalid", "too deep"));
    else
      answer_last(200, outcomes(last(), "applied", R"(,"seq":1,"time_ms":5,"entities":[])"));
  }
  world.run(*client, 10);
  ASSERT_EQ(heard.size(), 3u);
  EXPECT_TRUE(heard[0].ok());
  EXPECT_EQ(heard[1].error().message, "too deep");
  EXPECT_TRUE(heard[2].ok());
}

TEST_F(GameTest, AVoidPlayerTokenIsRenewedAndTheBatchSentAgain) {
  auto client = playing();
  const std::string key = send(*client);
  client->tick();
  answer_last(401, problem("unauthenticated", "the player token has ended"));
  world.run(*client, 10);
  begin_session(*client);
  EXPECT_EQ(last().header("Matsuri-Player"), "mp_2");
  EXPECT_EQ(last().body()["commands"][0]["key"], key);
}

TEST_F(GameTest, WithoutASessionCommandsWaitAndReadsAreTold) {
  auto client = playing();
  send(*client);
  std::optional<Error> error;
  client->get_entity("raid-7", boss, Consistency::linearizable,
                     [&](const Result<EntityRead>& read) { error = read.error(); });
  client->tick();
  const std::size_t at = world.sent.size() - 2;
  world.answer(at, 401, problem("unauthenticated", "revoked"));
  world.answer(at + 1, 401, problem("unauthenticated", "revoked"));
  world.run(*client, 10);
  ASSERT_EQ(last().path(), "/v1/game/3/sessions");
  answer_last(401, problem("unauthenticated", "this title key does not count"));
  world.run(*client, 60'000);
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code, Code::unauthenticated);
  EXPECT_TRUE(heard.empty());
  EXPECT_EQ(client->status().queued_count, 1u);
  EXPECT_FALSE(client->status().in_game);
  EXPECT_FALSE(world.notices.empty());
  EXPECT_EQ(last().path(), "/v1/game/3/sessions") << "and it does not ask again by itself";

  client->open_game(GameOptions{"3", "mk_other", ""}, nullptr);
  world.run(*client, 10);
  begin_session(*client);
  EXPECT_EQ(last().path(), "/v1/game/3/commands");
}

TEST_F(GameTest, TheQueueSurvivesARestartWithItsKeys) {
  auto client = playing(true);
  const std::string one = send(*client);
  client->tick();
  world.lose(world.sent.size() - 1);
  world.run(*client, 10);
  const std::string two = send(*client);
  client.reset();

  client = playing(true);
  ASSERT_EQ(last().path(), "/v1/game/3/commands");
  ASSERT_EQ(last().body()["commands"].size(), 2u);
  EXPECT_EQ(last().body()["commands"][0]["key"], one);
  EXPECT_EQ(last().body()["commands"][1]["key"], two);
  EXPECT_EQ(last().body()["commands"][0]["steps"].size(), 2u);
  answer_last(
      200, outcomes(last(), "applied", R"(,"duplicate":true,"seq":1,"time_ms":5,"entities":[])"));
  world.run(*client, 10);
  EXPECT_TRUE(heard.empty());
  ASSERT_EQ(world.recovered.size(), 2u);
  EXPECT_EQ(world.recovered[0].what, "commands");
  EXPECT_EQ(world.recovered[0].reason, "raid.attack");
  EXPECT_TRUE(world.recovered[0].outcomes.at(0).applied());
}

TEST_F(GameTest, CommandsOfAnotherTitleWaitForIt) {
  auto client = playing(true);
  send(*client);
  client.reset();
  client = world.open(true);
  client->open_game(GameOptions{"4", "mk_title", ""}, nullptr);
  sign_in(*client);
  answer_last(201, R"({"player_token":"mp_x","player":"42","server_time_ms":1764000000000})");
  world.run(*client, 1'000);
  EXPECT_EQ(last().path(), "/v1/game/4/sessions");
  EXPECT_EQ(client->status().queued_count, 1u);
}

// A game that starts offline does not know the time: where the device was wrong, the keys of what
// was never sent are made anew, in the storage before anything goes out.
TEST_F(GameTest, KeysOfAWrongClockAreMadeAnewBeforeTheyAreSent) {
  for (const std::int64_t ahead_ms :
       {-std::int64_t{3'600'000}, std::int64_t{0}, std::int64_t{30} * 24 * 3600 * 1000}) {
    SCOPED_TRACE(ahead_ms);
    world = World();
    auto client = world.open(true);
    client->open_game(GameOptions{"3", "mk_title", ""}, nullptr);
    const std::string guessed = send(*client);
    world.run(*client, 1'000);
    EXPECT_TRUE(world.sent.empty());
    sign_in(*client);
    begin_session(*client, ahead_ms);
    const std::string key = last().body()["commands"][0]["key"];
    EXPECT_EQ(key == guessed, ahead_ms == 0);
    EXPECT_NEAR(static_cast<double>(unix_ms_of_key(key)),
                static_cast<double>(world.unix_ms + ahead_ms), 2'000);
    EXPECT_NE(world.stored.find(key), std::string::npos);
    // From here on it is as good as sent: the same after a restart.
    client.reset();
    client = playing(true, ahead_ms);
    EXPECT_EQ(last().body()["commands"][0]["key"], key);
  }
}

TEST_F(GameTest, AKeyThatCannotBeStoredIsNotSent) {
  auto client = world.open(true);
  client->open_game(GameOptions{"3", "mk_title", ""}, nullptr);
  send(*client);
  sign_in(*client);
  world.storage_fails = true;
  begin_session(*client, 30'000'000'000);
  world.run(*client, 200);
  EXPECT_EQ(last().path(), "/v1/game/3/sessions");
  ASSERT_FALSE(world.notices.empty());
  EXPECT_EQ(world.notices[0].code, Code::io);
  send(*client);
  client->tick();
  ASSERT_EQ(heard.size(), 1u);
  EXPECT_EQ(heard[0].error().code, Code::io);
  world.storage_fails = false;
  world.run(*client, 60'000);
  EXPECT_EQ(last().path(), "/v1/game/3/commands");
}

TEST_F(GameTest, AKeyFromTheFutureMakesTheClientLearnTheTimeAgain) {
  auto client = playing(false, 3'600'000);
  const std::string key = send(*client);
  client->tick();
  answer_last(200, outcomes(last(), "key_from_future", R"(,"message":"an hour")"));
  world.run(*client, 10);
  begin_session(*client, 0);
  world.run(*client, 1'000);
  ASSERT_EQ(last().path(), "/v1/game/3/commands");
  const std::string other = last().body()["commands"][0]["key"];
  EXPECT_NE(other, key);
  EXPECT_NEAR(static_cast<double>(unix_ms_of_key(other)), static_cast<double>(world.unix_ms),
              2'000);
}

TEST_F(GameTest, AKeyFromTheFutureThatMayHaveBeenExecutedIsKept) {
  auto client = playing(false, 3'600'000);
  const std::string key = send(*client);
  client->tick();
  world.lose(world.sent.size() - 1);
  world.run(*client, 1'000);
  answer_last(200, outcomes(last(), "key_from_future", R"(,"message":"an hour")"));
  world.run(*client, 10);
  begin_session(*client, 0);
  world.run(*client, 1'000);
  EXPECT_EQ(last().body()["commands"][0]["key"], key);
}

TEST_F(GameTest, TheTimeIsLearntAgainWhenTheDeviceSlept) {
  auto client = playing();
  world.unix_ms += 3'600'000;  // The monotonic clock stood still.
  world.run(*client, 10);
  begin_session(*client);
  EXPECT_NEAR(static_cast<double>(client->server_time_ms()), static_cast<double>(world.unix_ms),
              20);
  const std::size_t sent = world.sent.size();
  world.run(*client, 1'000);
  EXPECT_EQ(world.sent.size(), sent);
}

TEST_F(GameTest, ReadsAskForWhatIsNeeded) {
  auto client = playing();
  std::vector<EntityRead> reads;
  const auto keep = [&](const Result<EntityRead>& read) { reads.push_back(*read); };
  const EntityRef odd("boss", "b/ 1");
  client->get_entity("raid-7", odd, Consistency::at_least, keep);
  EXPECT_EQ(last().path(), "/v1/game/3/entities/raid-7/boss/b%2F%201") << "nothing to wait for yet";
  answer_last(
      200,
      R"({"entity":{"kind":"boss","id":"b/ 1","version":2,"fields":{"hp":5}},"token":"1.1","stale":false})");
  send(*client);
  world.run(*client, 10);
  answer_last(200, outcomes(last(), "applied", R"(,"seq":1,"time_ms":5,"entities":[])"));
  world.run(*client, 10);
  client->get_entity("raid-7", boss, Consistency::at_least, keep);
  EXPECT_EQ(last().path(), "/v1/game/3/entities/raid-7/boss/b1?consistency=at_least&token=1.2");
  client->get_entity("raid-7", boss, Consistency::any, keep);
  EXPECT_EQ(last().path(), "/v1/game/3/entities/raid-7/boss/b1?consistency=any");
  answer_last(
      200,
      R"({"entity":{"kind":"boss","id":"b1","version":2,"fields":{"hp":5}},"token":"1.1","stale":true})");
  world.run(*client, 10);
  ASSERT_EQ(reads.size(), 2u);
  EXPECT_EQ(reads[0].entity.get("hp"), 5);
  EXPECT_TRUE(reads[1].stale);
}

TEST_F(GameTest, ChangesAreFollowedFromWhereOneWas) {
  auto client = playing();
  std::vector<Result<Changes>> got;
  const FollowId follow = client->follow(ChangesRequest{"raid-7", "now", 100},
                                         [&](const Result<Changes>& one) { got.push_back(one); });
  client->tick();
  EXPECT_EQ(last().path(), "/v1/game/3/changes?arena=raid-7&after=now&limit=100&wait_ms=20000");
  EXPECT_GT(last().request.timeout_ms, 20'000);
  answer_last(200, R"({"changes":[],"next":"c1"})");
  world.run(*client, 50);
  EXPECT_TRUE(got.empty());
  EXPECT_EQ(last().path(), "/v1/game/3/changes?arena=raid-7&after=c1&limit=100&wait_ms=20000");
  world.lose(world.sent.size() - 1);
  world.run(*client, 1'000);
  EXPECT_EQ(last().path(), "/v1/game/3/changes?arena=raid-7&after=c1&limit=100&wait_ms=20000");
  answer_last(200, R"({"changes":[{"arena":"raid-7","seq":8,"key":"k","actor":null,"reason":"r",
    "time_ms":5,"entities":[{"kind":"boss","id":"b1","version":2,"fields":{"hp":5}}]}],"next":"c2"})");
  world.run(*client, 50);
  ASSERT_EQ(got.size(), 1u);
  EXPECT_EQ(got[0]->changes[0].seq, 8);
  EXPECT_EQ(got[0]->changes[0].actor, "");
  EXPECT_EQ(got[0]->next, "c2");
  answer_last(200, R"({"changes":[],"next":"c3"})");
  client->unfollow(follow);
  world.run(*client, 50);
  EXPECT_EQ(last().path(), "/v1/game/3/changes?arena=raid-7&after=c2&limit=100&wait_ms=20000");

  client->follow(ChangesRequest{"", "old", 1000},
                 [&](const Result<Changes>& one) { got.push_back(one); });
  answer_last(409, problem("conflict", "of the time before a restore"));
  world.run(*client, 1'000);
  ASSERT_EQ(got.size(), 2u);
  EXPECT_EQ(got[1].error().code, Code::conflict);
}

TEST_F(GameTest, AServerNeedsNoPlayer) {
  auto client = world.open();
  bool opened = false;
  client->open_game(GameOptions{"3", "", "mk_server"},
                    [&](const Result<GameSession>& got) { opened = got.ok(); });
  send(*client);
  client->tick();
  EXPECT_TRUE(opened);
  EXPECT_EQ(last().path(), "/v1/game/3/commands");
  EXPECT_EQ(last().header("Authorization"), "Bearer mk_server");
  EXPECT_EQ(last().header("Matsuri-Player"), "");
  client->put_schema(R"({"kinds":[]})", nullptr);
  EXPECT_EQ(last().request.method, "PUT");
  EXPECT_EQ(last().request.body, R"({"kinds":[]})");
}

TEST_F(GameTest, AServersKeyThatDoesNotCountIsSaidAndAskedAgainWithPauses) {
  auto client = world.open();
  client->open_game(GameOptions{"3", "", "mk_server"}, nullptr);
  send(*client);
  world.server = [](const HttpRequest&) {
    return HttpResponse{401, {}, {}, problem("unauthenticated", "this title key does not count")};
  };
  world.run(*client, 60'000);
  EXPECT_TRUE(heard.empty());
  EXPECT_GE(world.notices.size(), 5u);
  EXPECT_LT(world.sent.size(), 15u);
}

TEST_F(GameTest, WithoutAGameACommandIsRefused) {
  auto client = world.open();
  EXPECT_EQ(send(*client), "");
  client->tick();
  ASSERT_EQ(heard.size(), 1u);
  EXPECT_EQ(heard[0].error().code, Code::invalid);
}

}  // namespace
}  // namespace matsuri
