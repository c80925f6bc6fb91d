// The three rules and the types, as text; that the results mean the same is what db_test.cc shows.
#include "sql/dialect.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>

namespace matsuri::sql {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string rewritten(std::string_view text) {
  Result<std::string> result = to_mariadb(text);
  return result.ok() ? std::move(result).value() : result.error().to_string();
}

TEST(Dialect, RewritesTheThreeRulesAndNothingElse) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"SELECT a FROM t WHERE b = ?", "SELECT a FROM t WHERE b = ?"},
      {"INSERT INTO t (a, b) VALUES (?, ?) ON CONFLICT (a) DO NOTHING",
       "INSERT INTO t (a, b) VALUES (?, ?) ON DUPLICATE KEY UPDATE a=a"},
      {"INSERT INTO t (a, b) VALUES (?, ?) on conflict(a,b) do nothing",
       "INSERT INTO t (a, b) VALUES (?, ?) ON DUPLICATE KEY UPDATE a=a"},
      {"INSERT INTO t (a) VALUES (?) ON CONFLICT (a) DO UPDATE SET n = excluded.n",
       "INSERT INTO t (a) VALUES (?) ON DUPLICATE KEY UPDATE n = VALUES(n)"},
      {"… ON CONFLICT (\"a\") DO UPDATE SET n = CASE WHEN EXCLUDED.rev > rev THEN excluded . n"
       " ELSE n END",
       "… ON DUPLICATE KEY UPDATE n = CASE WHEN VALUES(rev) > rev THEN VALUES(n) ELSE n END"},
      {"INSERT INTO t (a) VALUES (?) ON CONFLICT (a) DO UPDATE SET n = 1 RETURNING a",
       "INSERT INTO t (a) VALUES (?) ON DUPLICATE KEY UPDATE n = 1 RETURNING a"},
      {"SELECT 1 -- a comment\n + /* another */ 2", "SELECT 1 + 2"},
      {"SELECT\n\t a", "SELECT a"},
  };
  for (const auto& [text, wanted] : cases) EXPECT_EQ(rewritten(text), wanted);
}

// Goal: what only looks like ours, in literals and names, is left alone to the last byte.
TEST(Dialect, LeavesLiteralsAndNamesAlone) {
  for (const std::string_view text :
       {"SELECT 'ON CONFLICT (a) DO NOTHING'", "SELECT 'it''s excluded.x -- no'",
        "SELECT \"on conflict (a)\" FROM t", "SELECT `excluded.x` FROM t", "SELECT '{ID}'",
        "SELECT '#@:$[]'", "SELECT 'line\n\tbreak  two'", "SELECT excluded FROM t",
        "SELECT x.excluded FROM x", "SELECT on_conflict FROM t"})
    EXPECT_EQ(rewritten(text), text);
}

TEST(Dialect, RefusesWhatHasNoEqual) {
  using namespace std::string_view_literals;
  for (const std::string_view text :
       {"… ON CONFLICT DO NOTHING"sv, "… ON CONFLICT (a + 1) DO NOTHING"sv,
        "… ON CONFLICT (a,) DO NOTHING"sv, "… ON CONFLICT (a) DO"sv, "… ON CONFLICT (a) WHERE b"sv,
        "… ON CONFLICT (a) DO UPDATE"sv, "… ON CONFLICT (a) DO UPDATE SET n = 1 WHERE n > 2"sv,
        "SELECT :name"sv, "SELECT @name"sv, "SELECT $1"sv, "SELECT ?1"sv, "SELECT [a] FROM t"sv,
        "SELECT 'open"sv, "SELECT \"open"sv, "SELECT /* open"sv, "SELECT {ID}"sv, "SELECT {"sv,
        "SELECT 1 # comment"sv, "SELECT \0 1"sv}) {
    const Result<std::string> result = to_mariadb(text);
    ASSERT_FALSE(result.ok()) << text << " became " << result.value();
    EXPECT_EQ(result.error().code(), Code::invalid);
  }
}

// Goal: MariaDB runs the inside of /*! … */, so comments may not reach it.
TEST(Dialect, DropsCommentsThatMariadbWouldRun) {
  EXPECT_EQ(rewritten("SELECT 1 /*!50000 + 41 */"), "SELECT 1");
  EXPECT_EQ(rewritten("SELECT 1/*M! + 41 */+2"), "SELECT 1 +2");
}

TEST(Dialect, TypesBecomeTheEnginesOwn) {
  const std::string_view text =
      "CREATE TABLE t (id {ID}, n {INT}, m INTEGER, s {TEXT(20)}, l {TEXT(769)}, xl {TEXT(16384)},"
      " b {BLOB}, k {BLOB(24)}) {TABLE_OPTIONS};\n"
      "-- next\n CREATE TABLE c (id bigint) {CLUSTERED_OPTIONS} ; ;";
  const auto sqlite = migration_statements(Engine::sqlite, text);
  ASSERT_TRUE(sqlite.ok());
  EXPECT_THAT(
      *sqlite,
      ElementsAre("CREATE TABLE t (id INTEGER, n INTEGER, m INTEGER, s TEXT, l TEXT, xl TEXT,"
                  " b BLOB, k BLOB) STRICT",
                  "CREATE TABLE c (id INTEGER) STRICT, WITHOUT ROWID"));
  const auto mariadb = migration_statements(Engine::mariadb, text);
  ASSERT_TRUE(mariadb.ok());
  ASSERT_EQ(mariadb->size(), 2u);
  EXPECT_THAT((*mariadb)[0],
              HasSubstr("(id BIGINT, n BIGINT, m BIGINT, s VARCHAR(20), l TEXT, xl MEDIUMTEXT,"
                        " b MEDIUMBLOB, k VARBINARY(24)) ENGINE=InnoDB"));
  EXPECT_THAT((*mariadb)[1], HasSubstr("(id BIGINT) ENGINE=InnoDB"));
}

TEST(Dialect, MigrationsKeepLiteralsAndCasts) {
  const std::string_view text =
      "INSERT INTO t (a) VALUES ('a;b{ID}INTEGER');"
      "UPDATE t SET a = CAST(b AS INTEGER)";
  for (const Engine engine : {Engine::sqlite, Engine::mariadb}) {
    const auto statements = migration_statements(engine, text);
    ASSERT_TRUE(statements.ok());
    EXPECT_THAT(*statements, ElementsAre("INSERT INTO t (a) VALUES ('a;b{ID}INTEGER')",
                                         "UPDATE t SET a = CAST(b AS INTEGER)"));
  }
}

TEST(Dialect, AnIndexIsDroppedWithTheNameOfItsTableWhereThatIsNeeded) {
  const std::string_view text = "DROP INDEX i {ON t}; DROP INDEX j {ON t}";
  EXPECT_THAT(*migration_statements(Engine::sqlite, text),
              ElementsAre("DROP INDEX i", "DROP INDEX j"));
  EXPECT_THAT(*migration_statements(Engine::mariadb, text),
              ElementsAre("DROP INDEX i ON t", "DROP INDEX j ON t"));
}

TEST(Dialect, RefusesUnknownTypes) {
  for (const Engine engine : {Engine::sqlite, Engine::mariadb}) {
    for (const std::string_view type :
         {"{}", "{NUMBER}", "{TEXT}", "{TEXT()}", "{TEXT(0)}", "{TEXT(x)}", "{TEXT(5}",
          "{TEXT(-1)}", "{BLOB(3073)}", "{ID(5)}", "{TEXT(99999999999)}", "{"}) {
      const auto result =
          migration_statements(engine, "CREATE TABLE t (a " + std::string(type) + ")");
      ASSERT_FALSE(result.ok()) << type;
      EXPECT_EQ(result.error().code(), Code::invalid);
    }
  }
}

}  // namespace
}  // namespace matsuri::sql
