// Goal: what `matsuri raid` makes is made once and whole, and a process that did not make it learns
// of it; a guard of one step binds that step alone. On both engines.
#include "game/play.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "game/schema.h"
#include "game/schema_json.h"
#include "game/token.h"
#include "io/random.h"
#include "sql/testing/engines.h"

namespace matsuri::game {
namespace {

constexpr TitleId title{5};

TitleSchema schema_of(std::string_view more = "") {
  auto schema = parse_schema(
      R"({"kinds":[{"name":"raider","fields":[{"name":"hp"}],"players":{"which":"any","steps":[
{"field":"hp","do":"set_if_absent","value_max":100},
{"field":"hp","do":"add_clamp","value_max":20,"guards":[{"field":"hp","is":">","value":0}]}]}})" +
      std::string(more) + "]}");
  EXPECT_TRUE(schema.ok());
  return *std::move(schema);
}

class PlayTest : public sql::ForEachEngine {
 protected:
  void SetUp() override {
    sql::ForEachEngine::SetUp();
    if (IsSkipped()) return;
    db_ = open();
    ASSERT_TRUE(db_->migrate("game", migrations()).ok());
  }

  // Runs `body` in a transaction, and gives what it gives.
  template <class Body>
  auto write(Body body) {
    using Given = decltype(body(std::declval<sql::Connection&>()));
    Given given = Error(Code::busy, "not run");
    const auto done = db_->write_and_wait([&](sql::Connection& connection) -> Result<void> {
      given = body(connection);
      if (!given.ok()) return given.error();
      return {};
    });
    EXPECT_EQ(done.ok(), given.ok());
    return given;
  }
  Result<Play> put(std::uint64_t key, TitleSchema schema = schema_of(), TitleId of = title) {
    return write([&](sql::Connection& connection) {
      return put_play(connection,
                      {.title = of, .schema = schema, .key = TitleKeyId{key}, .now_unix_ms = 7},
                      io::system_random());
    });
  }
  std::optional<PlayRows> rows() {
    return *write([](sql::Connection& connection) { return play_rows(connection); });
  }

  std::unique_ptr<sql::Db> db_;
};

MATSURI_FOR_EACH_ENGINE(PlayTest);

TEST_P(PlayTest, MakesWhatIsMissingAndNothingTwice) {
  EXPECT_FALSE(rows().has_value());
  const auto made = put(11);
  ASSERT_TRUE(made.ok());
  EXPECT_EQ(made->title, title);
  const auto again = put(12);
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(again->key, made->key);
  auto found = rows();
  ASSERT_TRUE(found && found->schema && found->key);
  EXPECT_EQ(found->schema->rev, 1u);
  EXPECT_EQ(found->key->key.key.id, TitleKeyId{11});
  EXPECT_EQ(found->key->key.key.kind, KeyKind::client);

  // A schema that grows is a new revision; one that shrinks is refused, and nothing happens.
  ASSERT_TRUE(put(13, schema_of(R"(,{"name":"boss","fields":[{"name":"hp"}]})")).ok());
  EXPECT_EQ(rows()->schema->rev, 2u);
  EXPECT_EQ(put(14).error().code(), Code::conflict);
  EXPECT_EQ(rows()->schema->rev, 2u);
}

TEST_P(PlayTest, MakesAnotherKeyWhereTheOldOneCountsNoLonger) {
  const std::string first = put(11)->key;
  ASSERT_TRUE(write([](sql::Connection& connection) {
                return connection.execute("UPDATE title_key SET revoked_ms = 1 WHERE id = 11", {});
              }).ok());
  EXPECT_FALSE(rows()->key.has_value());
  const auto second = put(12);
  ASSERT_TRUE(second.ok());
  EXPECT_NE(second->key, first);
  EXPECT_EQ(rows()->play.key, second->key);
  // Another title takes the place of the one that was shown.
  EXPECT_EQ(put(13, schema_of(), TitleId{6})->title, TitleId{6});
  EXPECT_EQ(rows()->play.title, TitleId{6});
}

TEST_P(PlayTest, StopsAtAsManyKeysAsATitleMayHave) {
  for (std::uint64_t key = 1; key <= title_key_count_max; ++key) {
    ASSERT_TRUE(put(key).ok());
    ASSERT_TRUE(write([](sql::Connection& connection) {
                  return connection.execute("DELETE FROM play", {});
                }).ok());
  }
  EXPECT_EQ(put(99).error().code(), Code::exhausted);
}

TEST_P(PlayTest, AnotherProcessLearnsOfIt) {
  Directory directory;
  const auto made = put(11);
  ASSERT_TRUE(made.ok());
  EXPECT_EQ(directory.schema_of(title), nullptr);
  for (int round = 0; round < 2; ++round) learn(directory, *rows());
  ASSERT_NE(directory.schema_of(title), nullptr);
  EXPECT_EQ(*directory.schema_of(title), schema_of());
  const auto text = parse_key_text(made->key);
  ASSERT_TRUE(text.ok());
  const auto kept = directory.find_key(title, text->id);
  ASSERT_TRUE(kept.has_value());
  EXPECT_TRUE(equal(kept->secret_hash, hash_of(text->secret)));
  // What was read before the key was revoked does not bring it back.
  const auto read_before = rows();
  directory.drop_key(title, text->id);
  EXPECT_FALSE(directory.find_key(title, text->id).has_value());
  learn(directory, *read_before);
  EXPECT_FALSE(directory.find_key(title, text->id).has_value());
}

TEST(StepGuards, BindTheStepThatHasThem) {
  const TitleSchema schema = schema_of();
  EXPECT_EQ(*parse_schema(to_text(schema)), schema);
  sequencer::Command command;
  command.entities.push_back(
      {.title = title, .arena = "a", .kind = *schema.schema.find("raider"), .id = "7"});
  command.steps.push_back(
      {.field = 0, .operation = sequencer::Operation::set_if_absent, .value = 100});
  EXPECT_TRUE(check_player(command, schema, AccountId{1}).ok());
  command.steps.front() = {.field = 0, .operation = sequencer::Operation::add_clamp, .value = 20};
  const auto refused = check_player(command, schema, AccountId{1});
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().message(),
            "steps[0]: a player's step on raider needs the guard hp > 0");
  command.guards.push_back({.field = 0, .compare = sequencer::Compare::greater, .value = 0});
  EXPECT_TRUE(check_player(command, schema, AccountId{1}).ok());
  command.guards.front().value = -1;
  EXPECT_FALSE(check_player(command, schema, AccountId{1}).ok());
}

TEST(StepGuards, AreAtMostSixteen) {
  const auto with = [](int count) {
    std::string guards;
    for (int i = 0; i < count; ++i)
      guards += std::string(i == 0 ? "" : ",") + R"({"field":"hp","is":">","value":)" +
                std::to_string(i) + "}";
    return parse_schema(
        R"({"kinds":[{"name":"raider","fields":[{"name":"hp"}],"players":{"which":"any","steps":[
{"field":"hp","do":"add","value_max":1,"guards":[)" +
        guards + "]}]}}]}");
  };
  EXPECT_TRUE(with(16).ok());
  EXPECT_EQ(with(17).error().code(), Code::invalid);
}

}  // namespace
}  // namespace matsuri::game
