// Strict transactions in groups: one commit for many, and nobody pays for a neighbour's failure.
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <future>
#include <mutex>
#include <thread>
#include <vector>

#include "base/metrics.h"
#include "sql/call.h"
#include "sql/testing/engines.h"

namespace matsuri::sql {
namespace {

constexpr std::array migrations = {
    Migration{1,
              "CREATE TABLE item (id {ID} NOT NULL PRIMARY KEY, n {INT} NOT NULL DEFAULT 0)"
              " {TABLE_OPTIONS}"}};

Result<void> add(Connection& connection, std::int64_t id) {
  TRY(connection.execute("INSERT INTO item (id) VALUES (?)", {id}));
  return {};
}

class GroupTest : public ForEachEngine {
 protected:
  void SetUp() override {
    ForEachEngine::SetUp();
    if (IsSkipped()) return;
    options = fresh_options();
    options.metrics = &registry;
    db = open(options);
    ASSERT_TRUE(db->migrate("item", migrations).ok());
  }

  // What submit() is given until release() goes into one group: the writer is kept busy meanwhile.
  void hold() {
    std::promise<void> started;
    ASSERT_TRUE(db->write(
                      [&](Connection&) -> Result<void> {
                        started.set_value();
                        go.get_future().wait();
                        return {};
                      },
                      here, [](const Result<void>&) {})
                    .ok());
    started.get_future().wait();
  }
  void submit(Db::Body body) {
    const std::size_t index = submitted_count++;
    ASSERT_TRUE(db->write(std::move(body), here, [this, index](Result<void> result) {
                    const std::lock_guard lock(mutex);
                    if (results.size() <= index)
                      results.resize(index + 1, Error(Code::io, "no answer"));
                    results[index] = std::move(result);
                    ++answered_count;
                  }).ok());
  }
  // Lets the group run, and waits for all answers.
  void release() {
    go.set_value();
    while (answered_count < submitted_count) std::this_thread::yield();
  }

  std::uint64_t commit_count() {
    return registry
        .counter("matsuri_sql_commits_total", "Commits of strict transactions",
                 {{"database", options.name}})
        .value();
  }
  std::int64_t count(const std::string& where = "1 = 1") {
    std::optional<std::int64_t> found;
    EXPECT_TRUE(db->read_and_wait([&](Connection& connection) -> Result<void> {
                    TRY_ASSIGN(found,
                               connection.integer("SELECT count(*) FROM item WHERE " + where));
                    return {};
                  }).ok());
    return found.value_or(-1);
  }

  metrics::Registry registry;
  DbOptions options;
  std::unique_ptr<Db> db;
  io::InlineExecutor here;
  std::promise<void> go;
  std::size_t submitted_count = 0;
  std::atomic<std::size_t> answered_count = 0;
  std::mutex mutex;
  std::vector<Result<void>> results;
};
MATSURI_FOR_EACH_ENGINE(GroupTest);

// Goal: every third member fails after it has written; its rows are gone, the others' are there,
// and all of it took one commit.
TEST_P(GroupTest, AFailingMemberDoesNotFailItsNeighbours) {
  hold();
  for (std::int64_t id = 0; id < 60; ++id) {
    submit([id](Connection& connection) -> Result<void> {
      TRY(add(connection, id));
      if (id % 3 == 0) return Error(Code::denied, "not for you");
      return {};
    });
  }
  const std::uint64_t before = commit_count();
  release();
  for (std::size_t id = 0; id < 60; ++id) {
    ASSERT_EQ(results[id].ok(), id % 3 != 0) << id;
    if (id % 3 == 0) {
      EXPECT_EQ(results[id].error().code(), Code::denied);
    }
  }
  EXPECT_EQ(count(), 40);
  EXPECT_EQ(count("id % 3 = 0"), 0);
  EXPECT_EQ(commit_count() - before, 2u);  // The one that held the writer, and the group.
}

// Goal: a broken constraint inside the group is the member's own too, and what a failed member wrote
// is free for the next.
TEST_P(GroupTest, AConflictIsTheMembersOwn) {
  hold();
  submit([](Connection& connection) { return add(connection, 1); });
  submit([](Connection& connection) { return add(connection, 1); });
  submit([](Connection& connection) -> Result<void> {
    TRY(add(connection, 2));
    return Error(Code::denied, "no");
  });
  submit([](Connection& connection) { return add(connection, 2); });
  release();
  EXPECT_TRUE(results[0].ok());
  ASSERT_FALSE(results[1].ok());
  EXPECT_EQ(results[1].error().code(), Code::conflict);
  EXPECT_FALSE(results[2].ok());
  EXPECT_TRUE(results[3].ok()) << results[3].error().to_string();
  EXPECT_EQ(count(), 2);
}

// Goal: where a member undoes the transaction of all (an INSERT OR ROLLBACK here, a killed
// connection there), its neighbours' work is done again, and no answer was given for what is gone.
TEST_P(GroupTest, NeighboursOfAnUndoneTransactionRunAgain) {
  ASSERT_TRUE(db->write_and_wait([](Connection& connection) { return add(connection, 1); }).ok());
  hold();
  std::atomic<int> villain_count = 0;
  submit([](Connection& connection) { return add(connection, 2); });
  submit([&](Connection& connection) -> Result<void> {
    const bool first = ++villain_count == 1;
    if (connection.engine() == Engine::sqlite) {
      TRY(connection.execute("INSERT OR ROLLBACK INTO item (id) VALUES (?)", {1}));
    } else if (first) {
      TRY(connection.execute("KILL CONNECTION_ID()"));
    }
    return {};
  });
  submit([](Connection& connection) { return add(connection, 3); });
  release();
  EXPECT_TRUE(results[0].ok()) << results[0].error().to_string();
  EXPECT_TRUE(results[2].ok()) << results[2].error().to_string();
  EXPECT_EQ(villain_count, 2);
  if (GetParam() == Engine::sqlite) {
    ASSERT_FALSE(results[1].ok());
    EXPECT_EQ(results[1].error().code(), Code::conflict);
  } else {
    EXPECT_TRUE(results[1].ok()) << results[1].error().to_string();
  }
  EXPECT_EQ(count(), 3);
}

// Goal: what Code::busy says may be retried is retried, alone or in company, and counts once.
TEST_P(GroupTest, BusyMembersRunAgainByThemselves) {
  std::array<std::atomic<int>, 3> run_counts{};
  hold();
  for (std::int64_t id = 0; id < 3; ++id) {
    submit([id, &runs = run_counts[static_cast<std::size_t>(id)]](
               Connection& connection) -> Result<void> {
      TRY(add(connection, id));
      if (++runs <= 2 * id) return Error(Code::busy, "not now");
      return {};
    });
  }
  release();
  for (std::size_t id = 0; id < 3; ++id) {
    EXPECT_TRUE(results[id].ok());
    EXPECT_EQ(run_counts[id], static_cast<int>(2 * id + 1));
  }
  EXPECT_EQ(count(), 3);
}

TEST_P(GroupTest, ValuesComeWithTheCommit) {
  std::promise<Result<std::int64_t>> answer;
  write_value<std::int64_t>(
      *db, here,
      [](Connection& connection) -> Result<std::int64_t> {
        TRY(add(connection, 5));
        TRY_ASSIGN(const auto found, connection.integer("SELECT MAX(id) FROM item"));
        return found.value_or(-1);
      },
      [&](Result<std::int64_t> value) { answer.set_value(std::move(value)); });
  const Result<std::int64_t> value = answer.get_future().get();
  ASSERT_TRUE(value.ok());
  EXPECT_EQ(*value, 5);
  std::promise<Result<std::int64_t>> refused;
  read_value<std::int64_t>(
      *db, here, [](Connection&) -> Result<std::int64_t> { return Error(Code::denied, "no"); },
      [&](Result<std::int64_t> none) { refused.set_value(std::move(none)); });
  EXPECT_EQ(refused.get_future().get().error().code(), Code::denied);
}

}  // namespace
}  // namespace matsuri::sql
