// Goal: a list of any length finds the rows of its keys and no others, on both engines.
#include "sql/list.h"

#include <map>
#include <set>

#include "sql/testing/engines.h"

namespace matsuri::sql {
namespace {

class ListTest : public ForEachEngine {};
MATSURI_FOR_EACH_ENGINE(ListTest);

constexpr Migration tables[] = {{1, R"(CREATE TABLE pair (
  a {ID} NOT NULL, b {ID} NOT NULL, PRIMARY KEY (a, b)) {CLUSTERED_OPTIONS})"}};

TEST_P(ListTest, FindsTheRowsOfItsKeysWhateverItsLength) {
  const auto db = open();
  ASSERT_TRUE(db->migrate("test", tables).ok());
  // Ids are large: a number that lost its last digits finds others, or nothing.
  constexpr std::uint64_t base = (std::uint64_t{1} << 61) + 1;
  std::vector<Value> rows;
  for (std::uint64_t a = 1; a <= 600; ++a)
    for (const Value value : {Value(base + a), Value(base + a % 7 + 1)}) rows.push_back(value);
  ASSERT_TRUE(db->write_and_wait([&](Connection& connection) {
                  return connection.insert_rows("INSERT INTO pair (a, b)", "", 2, rows);
                }).ok());
  for (const std::uint64_t count : {0u, 1u, 2u, 64u, 65u, 255u, 256u, 257u, 512u, 600u}) {
    SCOPED_TRACE(count);
    std::vector<Value> keys, pairs;
    for (std::uint64_t a = 1; a <= count; ++a) {
      keys.emplace_back(base + a);
      // Every other pair is not there.
      pairs.emplace_back(base + a);
      pairs.emplace_back(base + (a % 2 == 0 ? a % 7 + 1 : 9));
    }
    std::set<std::uint64_t> found, found_pairs;
    std::size_t row_count = 0;
    ASSERT_TRUE(db->read_and_wait([&](Connection& connection) -> Result<void> {
                    found.clear();
                    found_pairs.clear();
                    row_count = 0;
                    TRY(query_in(connection, "SELECT a FROM pair WHERE a", " AND b <= ?", keys,
                                 {base + 7}, [&](const Row& row) {
                                   found.insert(row.id(0));
                                   ++row_count;
                                 }));
                    return query_tuples(connection, "SELECT p.a, p.b FROM pair p WHERE p.a > 0 AND",
                                        {"p.a", "p.b"}, pairs, [&](const Row& row) {
                                          EXPECT_EQ(row.id(1) - base, (row.id(0) - base) % 7 + 1);
                                          found_pairs.insert(row.id(0));
                                        });
                  }).ok());
    EXPECT_EQ(found.size(), count);
    EXPECT_EQ(row_count, count);
    EXPECT_EQ(found_pairs.size(), count / 2);
  }
}

}  // namespace
}  // namespace matsuri::sql
