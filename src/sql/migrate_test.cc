// Schemas by versions: brought up in steps, never down, and never half.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <thread>

#include "sql/testing/engines.h"

namespace matsuri::sql {
namespace {

using ::testing::HasSubstr;

constexpr std::string_view first_text =
    "CREATE TABLE item (id {ID} NOT NULL PRIMARY KEY, n {INT} NOT NULL) {TABLE_OPTIONS};\n"
    "INSERT INTO item (id, n) VALUES (1, 0), (2, 0)";
constexpr std::string_view second_text =
    "ALTER TABLE item ADD COLUMN name {TEXT(20)};\n"
    "UPDATE item SET name = 'old'";

class MigrateTest : public ForEachEngine {};
MATSURI_FOR_EACH_ENGINE(MigrateTest);

std::int64_t number(Db& db, const std::string& text) {
  std::optional<std::int64_t> found;
  const Result<void> read = db.read_and_wait([&](Connection& connection) -> Result<void> {
    TRY_ASSIGN(found, connection.integer(text));
    return {};
  });
  EXPECT_TRUE(read.ok()) << read.error().to_string();
  return found.value_or(-1);
}

TEST_P(MigrateTest, BringsASchemaUpInStepsAndOnce) {
  const DbOptions options = fresh_options();
  const std::array all = {Migration{1, first_text}, Migration{2, second_text}};
  {
    auto db = open(options);
    ASSERT_TRUE(db->migrate("item", std::span(all).first(1)).ok());
    EXPECT_EQ(number(*db, "SELECT count(*) FROM item"), 2);
  }
  auto db = open(options);
  for (int round = 0; round < 2; ++round) {
    const Result<void> migrated = db->migrate("item", all);
    ASSERT_TRUE(migrated.ok()) << migrated.error().to_string();
    EXPECT_EQ(number(*db, "SELECT count(*) FROM item WHERE name = 'old'"), 2);
    EXPECT_EQ(number(*db, "SELECT version FROM schema_version WHERE component = 'item'"), 2);
  }
}

TEST_P(MigrateTest, RefusesASchemaNewerThanTheProgram) {
  auto db = open();
  const std::array all = {Migration{1, first_text}, Migration{2, second_text}};
  ASSERT_TRUE(db->migrate("item", all).ok());
  const Result<void> refused = db->migrate("item", std::span(all).first(1));
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code(), Code::invalid);
  EXPECT_THAT(refused.error().message(),
              HasSubstr("its schema has version 2, this program knows 1: use a newer program"));
  EXPECT_EQ(number(*db, "SELECT count(*) FROM item WHERE name = 'old'"), 2);
}

TEST_P(MigrateTest, ComponentsShareADatabase) {
  auto db = open();
  const std::array item = {Migration{1, first_text}};
  const std::array other = {
      Migration{1, "CREATE TABLE other (id {ID} NOT NULL PRIMARY KEY) {CLUSTERED_OPTIONS}"}};
  ASSERT_TRUE(db->migrate("item", item).ok());
  ASSERT_TRUE(db->migrate("other", other).ok());
  ASSERT_TRUE(db->migrate("item", item).ok());
  EXPECT_EQ(number(*db, "SELECT count(*) FROM schema_version"), 2);
}

TEST_P(MigrateTest, RefusesAHistoryWithGaps) {
  auto db = open();
  const std::array gap = {Migration{1, first_text}, Migration{3, second_text}};
  const Result<void> refused = db->migrate("item", gap);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code(), Code::invalid);
}

// Goal: a version that stops at any of its statements is brought to its end by the next run, and
// none of its UPDATEs runs twice, also where DDL can't be rolled back. Method: each statement in
// turn is one that fails the first time.
TEST_P(MigrateTest, AVersionThatStoppedGoesOnWhereItWas) {
  const std::array<std::string, 5> steps = {
      "UPDATE item SET n = n + 1",
      "CREATE TABLE more (id {ID} NOT NULL PRIMARY KEY) {TABLE_OPTIONS}",
      "UPDATE item SET n = n + 1", "CREATE INDEX item_n ON item (n)", "UPDATE item SET n = n + 1"};
  for (std::size_t broken = 0; broken < steps.size(); ++broken) {
    SCOPED_TRACE(broken);
    auto db = open(fresh_options());
    const std::array first = {Migration{1, first_text}};
    ASSERT_TRUE(db->migrate("item", first).ok());
    std::string good, bad;
    for (std::size_t i = 0; i < steps.size(); ++i) {
      good += steps[i] + ";";
      bad += (i == broken ? "UPDATE nowhere SET n = 1" : steps[i]) + ";";
    }
    const std::array stopping = {Migration{1, first_text}, Migration{2, bad}};
    const Result<void> stopped = db->migrate("item", stopping);
    ASSERT_FALSE(stopped.ok());
    EXPECT_THAT(stopped.error().message(), HasSubstr("version 2"));
    EXPECT_EQ(number(*db, "SELECT version FROM schema_version WHERE component = 'item'"), 1);
    const std::array mended = {Migration{1, first_text}, Migration{2, good}};
    const Result<void> migrated = db->migrate("item", mended);
    ASSERT_TRUE(migrated.ok()) << migrated.error().to_string();
    EXPECT_EQ(number(*db, "SELECT SUM(n) FROM item"), 6);
    EXPECT_EQ(number(*db, "SELECT count(*) FROM more"), 0);
  }
}

TEST_P(MigrateTest, TwoProgramsMayStartAtOnce) {
  const DbOptions options = fresh_options();
  const std::array all = {Migration{1, first_text}, Migration{2, second_text}};
  const auto run = [&](Result<void>& result) {
    auto db = open(options);
    result = db->migrate("item", all);
  };
  Result<void> one, two;
  {
    const std::jthread thread([&] { run(one); });
    run(two);
  }
  EXPECT_TRUE(one.ok()) << one.error().to_string();
  EXPECT_TRUE(two.ok()) << two.error().to_string();
  EXPECT_EQ(number(*open(options), "SELECT count(*) FROM item WHERE name = 'old'"), 2);
}

}  // namespace
}  // namespace matsuri::sql
