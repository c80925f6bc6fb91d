// Copies of a whole database, and back: every byte the same, taken while others write, and a
// damaged one never taken for a good one.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <filesystem>
#include <fstream>
#include <limits>
#include <sstream>
#include <thread>

#include "sql/testing/engines.h"

namespace matsuri::sql {
namespace {

constexpr std::array migrations = {
    Migration{1,
              "CREATE TABLE item (id {ID} NOT NULL PRIMARY KEY, n {INT}, name {TEXT(1000)},"
              " body {BLOB}, code {BLOB(300)}) {TABLE_OPTIONS};\n"
              "CREATE UNIQUE INDEX item_code ON item (code);\n"
              "CREATE TABLE pair (a {ID} NOT NULL, b {TEXT(20)} NOT NULL,"
              " PRIMARY KEY (a, b)) {CLUSTERED_OPTIONS};\n"
              "CREATE TABLE bare (id {ID} NOT NULL PRIMARY KEY) {TABLE_OPTIONS}"}};

class SnapshotTest : public ForEachEngine {
 protected:
  std::unique_ptr<Db> open_with_tables(const DbOptions& options) {
    auto db = open(options);
    const Result<void> migrated = db->migrate("item", migrations);
    EXPECT_TRUE(migrated.ok()) << migrated.error().to_string();
    return db;
  }
};
MATSURI_FOR_EACH_ENGINE(SnapshotTest);

std::string read_all(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return std::move(text).str();
}

void write_all(const std::string& path, std::string_view bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc)
      .write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

// Everything in `db`, NULLs told from empty values.
std::string content_of(Db& db) {
  std::string content;
  const Result<void> read = db.read_and_wait([&](Connection& connection) -> Result<void> {
    for (const std::string text : {"SELECT id, n, name, body, code FROM item ORDER BY id",
                                   "SELECT a, b FROM pair ORDER BY a, b", "SELECT id FROM bare",
                                   "SELECT component, version FROM schema_version"}) {
      const std::size_t column_count =
          1 + static_cast<std::size_t>(std::ranges::count(text.substr(0, text.find(" FROM")), ','));
      TRY(connection.query(text, {}, [&](const Row& row) {
        for (std::size_t i = 0; i < column_count; ++i) {
          content += row.is_null(i) ? "-" : "+" + std::to_string(row.text(i).size()) + ":";
          content += row.text(i);
        }
        content += "\n";
      }));
    }
    return {};
  });
  EXPECT_TRUE(read.ok()) << read.error().to_string();
  return content;
}

Result<void> fill_with_hostile_rows(Connection& connection) {
  using namespace std::string_literals;
  std::string all_bytes;
  for (int i = 0; i < 256; ++i) all_bytes += static_cast<char>(i);
  const std::string zeros(300, '\0');
  const std::string large = [&] {
    std::string text;
    while (text.size() < (1 << 20)) text += all_bytes;
    return text;
  }();
  const std::string nul_text = "\0a\0\\0'\"`\n\r\x1a%_;--/*"s;
  const std::string lanterns = "\xF0\x9F\x8F\xAE\xF0\x9F\x91\xA8\xE2\x80\x8D\xF0\x9F\x91\xA9 祭り";
  constexpr auto largest = std::numeric_limits<std::int64_t>::max();
  constexpr auto smallest = std::numeric_limits<std::int64_t>::min();
  const std::vector<Value> rows = {largest,
                                   largest,
                                   std::string_view(nul_text),
                                   as_bytes(all_bytes),
                                   as_bytes(all_bytes),
                                   smallest,
                                   smallest,
                                   std::string_view(lanterns),
                                   as_bytes(large),
                                   as_bytes(zeros),
                                   0,
                                   0,
                                   "",
                                   Bytes(),
                                   Bytes(),
                                   -1,
                                   Value(),
                                   Value(),
                                   Value(),
                                   Value(),
                                   1,
                                   -1,
                                   " ",
                                   as_bytes(large),
                                   as_bytes("x"),
                                   2,
                                   1,
                                   "a ",
                                   as_bytes(large),
                                   Value()};
  TRY(connection.insert_rows("INSERT INTO item (id, n, name, body, code)", "", 5, rows));
  std::vector<Value> pairs;
  const std::array<std::string_view, 4> names = {"", "a", "A", "a "};
  for (std::int64_t a = 0; a < 2'000; ++a) {
    for (const std::string_view name : names) pairs.insert(pairs.end(), {a, name});
  }
  return connection.insert_rows("INSERT INTO pair (a, b)", "", 2, pairs);
}

// Goal: what comes back is what was there, to the last byte, and goes on working: versions, unique
// keys, and new rows.
TEST_P(SnapshotTest, RestoresHostileContentToTheByte) {
  const std::string path = folder() + "/copy";
  std::string before;
  {
    auto db = open_with_tables(fresh_options());
    const Result<void> filled = db->write_and_wait(fill_with_hostile_rows);
    ASSERT_TRUE(filled.ok()) << filled.error().to_string();
    const Result<void> taken = db->snapshot_to(path);
    ASSERT_TRUE(taken.ok()) << taken.error().to_string();
    before = content_of(*db);
  }
  EXPECT_GT(before.size(), std::size_t{3} << 20);
  EXPECT_FALSE(std::filesystem::exists(path + ".new"));
  const DbOptions elsewhere = fresh_options("elsewhere");
  const Result<void> restored = Db::restore(elsewhere, path);
  ASSERT_TRUE(restored.ok()) << restored.error().to_string();
  auto db = open_with_tables(elsewhere);
  EXPECT_TRUE(content_of(*db) == before);
  const auto add = [&](std::int64_t id, Bytes code) {
    return db->write_and_wait([&](Connection& connection) -> Result<void> {
      TRY(connection.execute("INSERT INTO item (id, code) VALUES (?, ?)", {id, code}));
      return {};
    });
  };
  EXPECT_TRUE(add(77, as_bytes("new")).ok());
  const Result<void> twice = add(78, as_bytes("x"));
  ASSERT_FALSE(twice.ok());
  EXPECT_EQ(twice.error().code(), Code::conflict);
}

// Goal: a copy taken while others write is of one moment. Method: transactions that each add a row to
// both tables; the copy must have as many of both.
TEST_P(SnapshotTest, IsOfOneMomentWhileOthersWrite) {
  auto db = open_with_tables(fresh_options());
  std::atomic<bool> stop = false;
  std::atomic<std::int64_t> written_count = 0;
  std::jthread writer([&] {
    for (std::int64_t id = 1; !stop && !HasFailure(); ++id) {
      const Result<void> written = db->write_and_wait([id](Connection& connection) -> Result<void> {
        TRY(connection.execute("INSERT INTO pair (a, b) VALUES (?, '')", {id}));
        TRY(connection.execute("INSERT INTO bare (id) VALUES (?)", {id}));
        return {};
      });
      EXPECT_TRUE(written.ok()) << written.error().to_string();
      ++written_count;
    }
  });
  for (int round = 0; round < 5; ++round) {
    const std::int64_t least = written_count;
    const std::string path = folder() + "/copy" + std::to_string(round);
    const Result<void> taken = db->snapshot_to(path);
    ASSERT_TRUE(taken.ok()) << taken.error().to_string();
    const DbOptions elsewhere = fresh_options("elsewhere");
    ASSERT_TRUE(Db::restore(elsewhere, path).ok());
    std::optional<std::int64_t> pair_count, bare_count;
    ASSERT_TRUE(open(elsewhere)
                    ->read_and_wait([&](Connection& connection) -> Result<void> {
                      TRY_ASSIGN(pair_count, connection.integer("SELECT count(*) FROM pair"));
                      TRY_ASSIGN(bare_count, connection.integer("SELECT count(*) FROM bare"));
                      return {};
                    })
                    .ok());
    EXPECT_EQ(pair_count, bare_count);
    EXPECT_GE(*pair_count, least);
    while (written_count < least + 20 && !HasFailure()) std::this_thread::yield();
  }
  stop = true;
}

TEST_P(SnapshotTest, OverwritesNothing) {
  const DbOptions options = fresh_options();
  const std::string path = folder() + "/copy";
  auto db = open_with_tables(options);
  ASSERT_TRUE(db->snapshot_to(path).ok());
  const Result<void> again = db->snapshot_to(path);
  ASSERT_FALSE(again.ok());
  EXPECT_EQ(again.error().code(), Code::conflict);
  db.reset();
  const Result<void> restored = Db::restore(options, path);
  ASSERT_FALSE(restored.ok());
  EXPECT_EQ(restored.error().code(), Code::invalid);
  EXPECT_FALSE(content_of(*open(options)).empty());
}

// A draft that a crash left behind is no obstacle.
TEST_P(SnapshotTest, ALeftoverDraftIsReplaced) {
  const std::string path = folder() + "/copy";
  write_all(path + ".new", "half a copy");
  auto db = open_with_tables(fresh_options());
  const Result<void> taken = db->snapshot_to(path);
  ASSERT_TRUE(taken.ok()) << taken.error().to_string();
  EXPECT_TRUE(Db::restore(fresh_options("elsewhere"), path).ok());
}

// Goal: a copy that is cut short, and what is none at all, is refused, and the database stays empty:
// a later restore of a good one works.
TEST_P(SnapshotTest, WhatIsCutShortIsRefused) {
  const std::string path = folder() + "/copy";
  {
    auto db = open_with_tables(fresh_options());
    ASSERT_TRUE(db->write_and_wait([](Connection& connection) -> Result<void> {
                    TRY(connection.execute("INSERT INTO bare (id) VALUES (7)"));
                    return {};
                  }).ok());
    ASSERT_TRUE(db->snapshot_to(path).ok());
  }
  const std::string good = read_all(path);
  const DbOptions elsewhere = fresh_options("elsewhere");
  // SQLite's file has checks only where its structure shows damage: whole pages go missing there.
  const std::size_t step = GetParam() == Engine::sqlite ? 4'096 : 97;
  for (std::size_t size = 0; size < good.size(); size += step) {
    write_all(path, good.substr(0, size));
    const Result<void> refused = Db::restore(elsewhere, path);
    ASSERT_FALSE(refused.ok()) << size;
    EXPECT_EQ(refused.error().code(), Code::corrupt) << refused.error().to_string();
  }
  write_all(path, "This is a letter to the mayor about the festival." + std::string(9'000, '.'));
  EXPECT_FALSE(Db::restore(elsewhere, path).ok());
  EXPECT_FALSE(Db::restore(elsewhere, folder() + "/nowhere").ok());
  write_all(path, good);
  const Result<void> restored = Db::restore(elsewhere, path);
  ASSERT_TRUE(restored.ok()) << restored.error().to_string();
}

// Goal: a dump of ours says so whichever byte of it is wrong. Each byte in turn, one bit each.
TEST(MariadbDump, AnyFlippedByteIsFound) {
  MariadbServer* server = MariadbServer::get();
  if (server == nullptr) GTEST_SKIP() << "mariadbd is not installed (package mariadb-server)";
  const TemporaryFolder folder;
  const std::string path = folder.path() + "/copy";
  constexpr std::array small = {
      Migration{1,
                "CREATE TABLE item (id {ID} NOT NULL PRIMARY KEY, n {INT}) {TABLE_OPTIONS};"
                " INSERT INTO item (id, n) VALUES (1, 2), (3, NULL)"}};
  {
    auto db = Db::open(server->fresh_database("whole"));
    ASSERT_TRUE(db.ok());
    ASSERT_TRUE((*db)->migrate("item", small).ok());
    ASSERT_TRUE((*db)->snapshot_to(path).ok());
  }
  const std::string good = read_all(path);
  const DbOptions elsewhere = server->fresh_database("flipped");
  for (std::size_t i = 0; i < good.size(); ++i) {
    std::string bad = good;
    bad[i] = static_cast<char>(bad[i] ^ (1 << (i % 8)));
    write_all(path, bad);
    const Result<void> refused = Db::restore(elsewhere, path);
    ASSERT_FALSE(refused.ok()) << i;
    ASSERT_EQ(refused.error().code(), Code::corrupt) << i << refused.error().to_string();
  }
  write_all(path, good + "x");
  EXPECT_FALSE(Db::restore(elsewhere, path).ok());
  write_all(path, good);
  EXPECT_TRUE(Db::restore(elsewhere, path).ok());
}

// Goal: dumps of today are read for ever. The file is the worked example of docs/formats/sql-dump.md,
// made by hand from that page.
TEST(MariadbDump, TheGoldenFileIsRead) {
  MariadbServer* server = MariadbServer::get();
  if (server == nullptr) GTEST_SKIP() << "mariadbd is not installed (package mariadb-server)";
  const DbOptions options = server->fresh_database("golden");
  const Result<void> restored = Db::restore(options, "tests/golden/sql/dump_v1.bin");
  ASSERT_TRUE(restored.ok()) << restored.error().to_string();
  auto db = Db::open(options);
  ASSERT_TRUE(db.ok());
  std::string rows;
  ASSERT_TRUE((*db)
                  ->read_and_wait([&](Connection& connection) {
                    return connection.query("SELECT id, name FROM item ORDER BY id", {},
                                            [&](const Row& row) {
                                              rows += row.text(0);
                                              rows += row.is_null(1) ? " -" : " +";
                                              rows += row.text(1);
                                              rows += ";";
                                            });
                  })
                  .ok());
  EXPECT_EQ(rows, "-2 +ab;7 -;");
}

}  // namespace
}  // namespace matsuri::sql
