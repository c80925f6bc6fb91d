// Goal: a replica is read like any database, also one that is away, behind, or stands still: that
// costs its readers a Code::busy, never a hang, and never more than a retry afterwards.
// Method: a primary and a replica of MariaDB, stopped, frozen, and kept from applying.
#include "sql/replica.h"

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>

#include "sql/testing/mariadb_server.h"

namespace matsuri::sql {
namespace {

constexpr Migration things[] = {
    {1, "CREATE TABLE thing (id {ID} NOT NULL PRIMARY KEY) {TABLE_OPTIONS}"}};

class ReplicaTest : public ::testing::Test {
 protected:
  void SetUp() override {
    pair_ = MariadbServer::pair();
    if (pair_ == nullptr) GTEST_SKIP() << "mariadbd is not installed (package mariadb-server)";
    options_ = pair_->primary.fresh_database("test");
    replica_ = open_replica(pair_->replica.same_database(options_), std::chrono::seconds(2));
  }
  void TearDown() override {
    if (pair_ != nullptr) pair_->go_on_applying();
  }
  void make_primary() {
    primary_ = Db::open(options_).value();
    ASSERT_TRUE(primary_->migrate("things", things).ok());
  }
  void put(std::int64_t id) {
    ASSERT_TRUE(primary_
                    ->write_and_wait([id](Connection& connection) -> Result<void> {
                      TRY(connection.execute("INSERT INTO thing (id) VALUES (?)", {id}));
                      return {};
                    })
                    .ok());
  }
  Result<std::int64_t> count() const {
    std::optional<std::int64_t> found;
    TRY(replica_->read_and_wait([&](Connection& connection) -> Result<void> {
      TRY_ASSIGN(found, connection.integer("SELECT COUNT(*) FROM thing"));
      return {};
    }));
    return found.value_or(-1);
  }

  MariadbPair* pair_ = nullptr;
  DbOptions options_;
  std::unique_ptr<Db> primary_, replica_;
};

TEST_F(ReplicaTest, FollowsAndIsNeverMade) {
  EXPECT_EQ(count().error().code(), Code::busy) << "there is no schema yet, and reading makes none";
  EXPECT_EQ(pair_->replica.run("SHOW DATABASES LIKE '" + options_.mariadb_schema + "'"), "");
  make_primary();
  put(1);
  pair_->catch_up();
  EXPECT_EQ(count().value(), 1);
  pair_->stop_applying();
  put(2);
  EXPECT_EQ(count().value(), 1);
  pair_->go_on_applying();
  pair_->catch_up();
  EXPECT_EQ(count().value(), 2);
}

TEST_F(ReplicaTest, ReadsDoNotWrite) {
  make_primary();
  pair_->catch_up();
  const Result<void> written = replica_->read_and_wait([](Connection& connection) -> Result<void> {
    TRY(connection.execute("INSERT INTO thing (id) VALUES (7)"));
    return {};
  });
  EXPECT_FALSE(written.ok());
  EXPECT_EQ(count().value(), 0);
}

TEST_F(ReplicaTest, IsBusyWhileItIsAwayOrStandsStill) {
  make_primary();
  put(1);
  pair_->catch_up();
  EXPECT_EQ(count().value(), 1);
  pair_->replica.kill();
  EXPECT_EQ(count().error().code(), Code::busy);
  const auto opened_meanwhile =
      open_replica(pair_->replica.same_database(options_), std::chrono::seconds(2));
  EXPECT_EQ(count().error().code(), Code::busy);
  pair_->replica.start();
  EXPECT_EQ(count().value(), 1);
  pair_->replica.freeze();
  EXPECT_EQ(count().error().code(), Code::busy);
  pair_->replica.thaw();
  EXPECT_EQ(count().value(), 1);
}

TEST_F(ReplicaTest, TakesViewsOfItsOwn) {
  make_primary();
  put(5);
  pair_->catch_up();
  const Result<void> made = replica_->write_and_wait([](Connection& connection) -> Result<void> {
    TRY(connection.execute("CREATE OR REPLACE VIEW seen AS SELECT id FROM thing"));
    return {};
  });
  ASSERT_TRUE(made.ok()) << made.error().to_string();
  put(6);
  pair_->catch_up();
  EXPECT_EQ(pair_->replica.run("SELECT SUM(id) FROM " + options_.mariadb_schema + ".seen"), "11\n");
}

}  // namespace
}  // namespace matsuri::sql
