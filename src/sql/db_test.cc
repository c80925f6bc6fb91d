// The contract of Db and Connection, on both engines.
#include "sql/db.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <future>
#include <limits>
#include <thread>

#include "io/thread_pool.h"
#include "sql/testing/engines.h"

namespace matsuri::sql {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr std::array migrations = {
    Migration{1,
              "CREATE TABLE item (id {ID} NOT NULL PRIMARY KEY, n {INT}, name {TEXT(100)},"
              " body {BLOB}, kind {INT} NOT NULL DEFAULT 0) {TABLE_OPTIONS};\n"
              "CREATE UNIQUE INDEX item_name ON item (name);\n"}};

class DbTest : public ForEachEngine {
 protected:
  std::unique_ptr<Db> open_with_table() { return open_with_table(fresh_options()); }
  std::unique_ptr<Db> open_with_table(const DbOptions& options) {
    auto db = open(options);
    const Result<void> migrated = db->migrate("item", migrations);
    EXPECT_TRUE(migrated.ok()) << migrated.error().to_string();
    return db;
  }
};
MATSURI_FOR_EACH_ENGINE(DbTest);

Result<void> add(Connection& connection, std::int64_t id, std::string_view name) {
  auto added = connection.execute("INSERT INTO item (id, name) VALUES (?, ?)", {id, name});
  if (!added.ok()) return added.error();
  return {};
}

std::int64_t number(Db& db, const std::string& text) {
  std::optional<std::int64_t> found;
  const Result<void> read = db.read_and_wait([&](Connection& connection) -> Result<void> {
    TRY_ASSIGN(found, connection.integer(text));
    return {};
  });
  EXPECT_TRUE(read.ok()) << read.error().to_string();
  return found.value_or(-1);
}

// Goal: a second Db of the same file, or one that goes, leaves the first one's locks: else another
// process takes the log for nobody's, and removes it. Method: another process asks for them.
TEST(SqliteTest, ASecondDbOfAFileLeavesTheLocksOfTheFirst) {
  const TemporaryFolder folder;
  const DbOptions options{.name = "test", .sqlite_path = folder.path() + "/test.sqlite"};
  const auto first = Db::open(options).value();
  ASSERT_TRUE(first->migrate("item", migrations).ok());
  EXPECT_EQ(number(*first, "SELECT COUNT(*) FROM item"), 0);
  const auto is_locked = [&] {
    const pid_t child = fork();
    if (child == 0) {
      const int fd = open(options.sqlite_path.c_str(), O_RDWR | O_CLOEXEC);
      struct flock lock{};
      lock.l_type = F_WRLCK;
      lock.l_whence = SEEK_SET;
      _exit(fd >= 0 && fcntl(fd, F_GETLK, &lock) == 0 && lock.l_type != F_UNLCK ? 0 : 1);
    }
    int status = 1;
    EXPECT_EQ(waitpid(child, &status, 0), child);
    return status == 0;
  };
  EXPECT_TRUE(is_locked());
  {
    const auto second = Db::open(options).value();
    EXPECT_TRUE(is_locked());
    EXPECT_EQ(number(*second, "SELECT COUNT(*) FROM item"), 0);
  }
  EXPECT_TRUE(is_locked());
}

// Goal: every kind of value comes back as it went in, through single statements and through
// insert_rows, to the last bit.
TEST_P(DbTest, ValuesComeBackAsTheyWentIn) {
  auto db = open_with_table();
  std::string all_bytes;
  for (int i = 0; i < 256; ++i) all_bytes += static_cast<char>(i);
  const std::string text_with_nul("a\0b'\\\"`%_ {} ?\n\xF0\x9F\x8F\xAE", 20);
  const std::int64_t largest = std::numeric_limits<std::int64_t>::max();
  const std::array values = {Value(largest),
                             Value(std::numeric_limits<std::int64_t>::min()),
                             Value(text_with_nul),
                             Value(as_bytes(all_bytes)),
                             Value(2),
                             Value(),
                             Value(std::string_view()),
                             Value(Bytes()),
                             Value(3),
                             Value(-1),
                             Value(),
                             Value()};
  const Result<void> written = db->write_and_wait([&](Connection& connection) -> Result<void> {
    TRY(connection.execute("INSERT INTO item (id, n, name, body) VALUES (?, ?, ?, ?)",
                           std::span(values).first(4)));
    return connection.insert_rows("INSERT INTO item (id, n, name, body)", "", 4,
                                  std::span(values).subspan(4));
  });
  ASSERT_TRUE(written.ok()) << written.error().to_string();
  int row_count = 0;
  const Result<void> read = db->read_and_wait([&](Connection& connection) {
    return connection.query("SELECT id, n, name, body FROM item ORDER BY id DESC", {},
                            [&](const Row& row) {
                              ++row_count;
                              if (row.integer(0) == largest) {
                                EXPECT_EQ(row.id(0), static_cast<std::uint64_t>(largest));
                                EXPECT_EQ(row.integer(1), std::numeric_limits<std::int64_t>::min());
                                EXPECT_EQ(row.text(2), text_with_nul);
                                EXPECT_EQ(as_text(row.blob(3)), all_bytes);
                                EXPECT_EQ(row.text(0), "9223372036854775807");
                              } else if (row.integer(0) == 2) {
                                EXPECT_TRUE(row.is_null(1));
                                EXPECT_EQ(row.integer(1), 0);
                                EXPECT_FALSE(row.is_null(2));
                                EXPECT_EQ(row.text(2), "");
                                EXPECT_FALSE(row.is_null(3));
                                EXPECT_TRUE(row.blob(3).empty());
                              } else {
                                EXPECT_EQ(row.integer(1), -1);
                                EXPECT_TRUE(row.is_null(2));
                                EXPECT_EQ(row.text(2), "");
                                EXPECT_TRUE(row.is_null(3));
                                EXPECT_TRUE(row.blob(3).empty());
                              }
                            });
  });
  ASSERT_TRUE(read.ok()) << read.error().to_string();
  EXPECT_EQ(row_count, 3);
}

// Goal: text is compared byte by byte: no case folding, no accents, no padding.
TEST_P(DbTest, TextIsComparedByteByByte) {
  auto db = open_with_table();
  const Result<void> written = db->write_and_wait([&](Connection& connection) -> Result<void> {
    std::int64_t id = 0;
    for (const char* name : {"a", "A", "a ", "\xC3\xA4", "a\xCC\x88", "ß", "ss"}) {
      TRY(add(connection, ++id, name));
    }
    return {};
  });
  ASSERT_TRUE(written.ok()) << written.error().to_string();
  EXPECT_EQ(number(*db, "SELECT count(*) FROM item WHERE name = 'a'"), 1);
  EXPECT_EQ(number(*db, "SELECT count(*) FROM item WHERE name = 'a ' OR name = 'A'"), 2);
}

TEST_P(DbTest, ErrorsHaveTheirCodes) {
  auto db = open_with_table();
  ASSERT_TRUE(db->write_and_wait([](Connection& c) { return add(c, 1, "one"); }).ok());
  const auto code_of = [&](const std::string& text, std::vector<Value> values) {
    const Result<void> result = db->write_and_wait([&](Connection& connection) -> Result<void> {
      auto executed = connection.execute(text, values);
      if (!executed.ok()) return executed.error();
      return {};
    });
    EXPECT_FALSE(result.ok()) << text;
    return result.ok() ? Code{} : result.error().code();
  };
  EXPECT_EQ(code_of("INSERT INTO item (id, name) VALUES (?, ?)", {1, "two"}), Code::conflict);
  EXPECT_EQ(code_of("INSERT INTO item (id, name) VALUES (?, ?)", {2, "one"}), Code::conflict);
  EXPECT_EQ(code_of("INSERT INTO item (id, kind) VALUES (?, ?)", {5, Value()}), Code::invalid);
  EXPECT_EQ(code_of("INSERT INTO item (id, n) VALUES (?, ?)", {5, "no number"}), Code::invalid);
  EXPECT_EQ(code_of("INSERT INTO item (id, n) VALUES (?, ?)", {5}), Code::invalid);
  EXPECT_EQ(code_of("INSERT INTO nowhere (id) VALUES (?)", {5}), Code::io);
  EXPECT_EQ(number(*db, "SELECT count(*) FROM item"), 1);
}

TEST_P(DbTest, UpsertsMeanTheSame) {
  auto db = open_with_table();
  const Result<void> written = db->write_and_wait([&](Connection& connection) -> Result<void> {
    const std::array rows = {Value(1), Value(5), Value(2), Value(6)};
    TRY(connection.insert_rows("INSERT INTO item (id, n)", "", 2, rows));
    // The newer row wins per column, as facts with revisions do; a lower one changes nothing.
    const std::array newer = {Value(1), Value(4), Value(2), Value(9), Value(3), Value(7)};
    TRY(connection.insert_rows(
        "INSERT INTO item (id, n)",
        "ON CONFLICT (id) DO UPDATE SET n = CASE WHEN excluded.n > n THEN excluded.n ELSE n END", 2,
        newer));
    const std::array again = {Value(3), Value(0), Value(4), Value(8)};
    return connection.insert_rows("INSERT INTO item (id, n)", "ON CONFLICT (id) DO NOTHING", 2,
                                  again);
  });
  ASSERT_TRUE(written.ok()) << written.error().to_string();
  std::vector<std::int64_t> found;
  ASSERT_TRUE(db->read_and_wait([&](Connection& connection) {
                  return connection.query("SELECT n FROM item ORDER BY id", {},
                                          [&](const Row& row) { found.push_back(row.integer(0)); });
                }).ok());
  EXPECT_THAT(found, ElementsAre(5, 9, 7, 8));
}

TEST_P(DbTest, ManyRowsGoInWhateverTheirNumberAndSize) {
  auto db = open_with_table();
  const std::string large(300'000, 'x');
  std::vector<std::string> names;
  for (int i = 0; i < 1'203; ++i) names.push_back("name " + std::to_string(i));
  std::vector<Value> values;
  for (int i = 0; i < 1'203; ++i) {
    values.emplace_back(i);
    values.emplace_back(names[static_cast<std::size_t>(i)]);
    values.emplace_back(i % 40 == 0 ? Value(as_bytes(large)) : Value());
  }
  const Result<void> written = db->write_and_wait([&](Connection& connection) {
    return connection.insert_rows("INSERT INTO item (id, name, body)", "", 3, values);
  });
  ASSERT_TRUE(written.ok()) << written.error().to_string();
  EXPECT_EQ(number(*db, "SELECT count(*) FROM item"), 1'203);
  EXPECT_EQ(number(*db, "SELECT SUM(id) FROM item"), 1'203 * 1'202 / 2);
  EXPECT_EQ(number(*db, "SELECT count(*) FROM item WHERE body IS NOT NULL"), 31);
}

TEST_P(DbTest, CountsMatchedRows) {
  auto db = open_with_table();
  const Result<void> written = db->write_and_wait([&](Connection& connection) -> Result<void> {
    for (int id = 1; id <= 3; ++id) TRY(add(connection, id, std::to_string(id)));
    TRY_ASSIGN(const std::uint64_t first, connection.execute("UPDATE item SET n = 1 WHERE id < 3"));
    EXPECT_EQ(first, 2u);
    // The same values again: matched all the same.
    TRY_ASSIGN(const std::uint64_t same, connection.execute("UPDATE item SET n = 1 WHERE id < 3"));
    EXPECT_EQ(same, 2u);
    TRY_ASSIGN(const std::uint64_t none, connection.execute("UPDATE item SET n = 1 WHERE id = 9"));
    EXPECT_EQ(none, 0u);
    TRY_ASSIGN(const std::uint64_t gone, connection.execute("DELETE FROM item WHERE n = ?", {1}));
    EXPECT_EQ(gone, 2u);
    return {};
  });
  ASSERT_TRUE(written.ok()) << written.error().to_string();
}

TEST_P(DbTest, ReturningGivesRows) {
  auto db = open_with_table();
  std::vector<std::int64_t> ids;
  const Result<void> written = db->write_and_wait([&](Connection& connection) -> Result<void> {
    const auto keep = [&](const Row& row) { ids.push_back(row.integer(0)); };
    TRY(connection.query("INSERT INTO item (id, name) VALUES (?, ?) RETURNING id", {7, "seven"},
                         keep));
    return connection.query("DELETE FROM item WHERE id = ? RETURNING id + 1", {7}, keep);
  });
  ASSERT_TRUE(written.ok()) << written.error().to_string();
  EXPECT_THAT(ids, ElementsAre(7, 8));
}

// Goal: a callback may use the connection, with the very statement that is running too.
TEST_P(DbTest, AStatementMayRunInsideItself) {
  auto db = open_with_table();
  std::vector<std::int64_t> seen;
  const Result<void> read = db->write_and_wait([&](Connection& connection) -> Result<void> {
    for (int id = 1; id <= 3; ++id) TRY(add(connection, id, std::to_string(id)));
    const std::string text = "SELECT id FROM item WHERE id > ? ORDER BY id";
    Result<void> inner;
    TRY(connection.query(text, {0}, [&](const Row& row) {
      seen.push_back(row.integer(0));
      inner = connection.query(text, {row.integer(0)},
                               [&](const Row& below) { seen.push_back(below.integer(0)); });
    }));
    return inner;
  });
  ASSERT_TRUE(read.ok()) << read.error().to_string();
  EXPECT_THAT(seen, ElementsAre(1, 2, 3, 2, 3, 3));
}

// Goal: more texts than the cache holds, and each again, all answer rightly.
TEST_P(DbTest, StatementsAreForgottenAndPreparedAgain) {
  auto db = open_with_table();
  for (int round = 0; round < 2; ++round) {
    const Result<void> read = db->read_and_wait([&](Connection& connection) -> Result<void> {
      for (int i = 0; i < 300; ++i) {
        TRY_ASSIGN(const std::optional<std::int64_t> found,
                   connection.integer("SELECT " + std::to_string(i) + " + ?", {1}));
        EXPECT_EQ(found, i + 1);
      }
      return {};
    });
    ASSERT_TRUE(read.ok()) << read.error().to_string();
  }
}

// Goal: a read sees the database as it was when it looked first, whatever others commit meanwhile.
TEST_P(DbTest, AReadSeesOneSnapshot) {
  auto db = open_with_table();
  const Result<void> read = db->read_and_wait([&](Connection& connection) -> Result<void> {
    TRY_ASSIGN(const auto before, connection.integer("SELECT count(*) FROM item"));
    EXPECT_EQ(before, 0);
    TRY(db->write_and_wait([](Connection& writer) { return add(writer, 1, "one"); }));
    TRY_ASSIGN(const auto after, connection.integer("SELECT count(*) FROM item"));
    EXPECT_EQ(after, 0);
    return {};
  });
  ASSERT_TRUE(read.ok()) << read.error().to_string();
  EXPECT_EQ(number(*db, "SELECT count(*) FROM item"), 1);
}

TEST_P(DbTest, AReaderCanNotWrite) {
  auto db = open_with_table();
  EXPECT_FALSE(
      db->read_and_wait([](Connection& connection) { return add(connection, 1, "x"); }).ok());
  EXPECT_EQ(number(*db, "SELECT count(*) FROM item"), 0);
}

TEST_P(DbTest, ADedicatedConnectionCommitsAndRollsBack) {
  auto db = open_with_table();
  auto dedicated = db->dedicate();
  ASSERT_TRUE(dedicated.ok()) << dedicated.error().to_string();
  DedicatedConnection& owner = **dedicated;
  ASSERT_TRUE(owner.begin().ok());
  ASSERT_TRUE(add(owner.connection(), 1, "one").ok());
  owner.rollback();
  EXPECT_EQ(number(*db, "SELECT count(*) FROM item"), 0);
  ASSERT_TRUE(owner.begin().ok());
  ASSERT_TRUE(add(owner.connection(), 1, "one").ok());
  EXPECT_EQ(number(*db, "SELECT count(*) FROM item"), 0);
  EXPECT_EQ(owner.commit(), CommitOutcome::done);
  EXPECT_EQ(number(*db, "SELECT count(*) FROM item"), 1);
}

// Goal: an owner with one transaction after the other and strict writers get their turns, and lose
// nothing of each other's. Method: both count in the same row.
TEST_P(DbTest, DedicatedAndStrictWritersTakeTurns) {
  auto db = open_with_table();
  ASSERT_TRUE(db->write_and_wait([](Connection& c) { return add(c, 1, "counter"); }).ok());
  ASSERT_TRUE(db->write_and_wait([](Connection& c) -> Result<void> {
                  TRY(c.execute("UPDATE item SET n = 0"));
                  return {};
                }).ok());
  const auto increase = [](Connection& connection) -> Result<void> {
    TRY_ASSIGN(const auto n, connection.integer("SELECT n FROM item WHERE id = 1"));
    TRY(connection.execute("UPDATE item SET n = ? WHERE id = 1", {n.value_or(0) + 1}));
    return {};
  };
  auto dedicated = db->dedicate();
  ASSERT_TRUE(dedicated.ok());
  std::atomic<int> done_count = 0;
  std::jthread strict([&] {
    for (int i = 0; i < 40; ++i) done_count += db->write_and_wait(increase).ok();
  });
  for (int i = 0; i < 40; ++i) {
    ASSERT_TRUE((*dedicated)->begin().ok());
    ASSERT_TRUE(increase((*dedicated)->connection()).ok());
    ASSERT_EQ((*dedicated)->commit(), CommitOutcome::done);
    ++done_count;
  }
  strict.join();
  EXPECT_EQ(done_count, 80);
  EXPECT_EQ(number(*db, "SELECT n FROM item"), 80);
}

// Goal: what does not fit into a queue is refused at once, and what was accepted is done.
TEST_P(DbTest, AFullQueueIsBusy) {
  DbOptions options = fresh_options();
  options.queue_count_max = 4;
  options.reader_count = 1;
  auto db = open_with_table(options);
  std::promise<void> go;
  const std::shared_future<void> gate = go.get_future().share();
  io::InlineExecutor here;
  for (const bool writes : {true, false}) {
    SCOPED_TRACE(writes ? "write" : "read");
    std::atomic<int> done_count = 0;
    std::promise<void> started;
    const auto submit = [&](Db::Body body) {
      Db::Done done = [&](Result<void> result) { done_count += result.ok(); };
      return writes ? db->write(std::move(body), here, std::move(done))
                    : db->read(std::move(body), here, std::move(done));
    };
    std::promise<void> release;
    std::shared_future<void> wait = release.get_future().share();
    ASSERT_TRUE(submit([&](Connection&) -> Result<void> {
                  started.set_value();
                  wait.wait();
                  return {};
                }).ok());
    started.get_future().wait();
    for (int i = 0; i < 4; ++i) {
      ASSERT_TRUE(submit([](Connection&) -> Result<void> { return {}; }).ok());
    }
    const Result<void> refused = submit([](Connection&) -> Result<void> { return {}; });
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().code(), Code::busy);
    release.set_value();
    while (done_count < 5) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

TEST_P(DbTest, ClosingFinishesWhatWasAccepted) {
  const DbOptions options = fresh_options();
  std::atomic<int> done_count = 0;
  {
    auto db = open_with_table(options);
    io::InlineExecutor here;
    for (int i = 0; i < 100; ++i) {
      ASSERT_TRUE(db->write([i](Connection& c) { return add(c, i, std::to_string(i)); }, here,
                            [&](Result<void> result) { done_count += result.ok(); })
                      .ok());
    }
  }
  EXPECT_EQ(done_count, 100);
  EXPECT_EQ(number(*open(options), "SELECT count(*) FROM item"), 100);
}

}  // namespace
}  // namespace matsuri::sql
