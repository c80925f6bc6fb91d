// Goal: any number of keys gives each row once, around the size of a statement too, and what stands
// before and behind the list keeps its places. Method: against a plain filter, on both engines.
#include "sql/query_in.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "sql/testing/engines.h"

namespace matsuri::sql {
namespace {

class QueryInTest : public ForEachEngine {};
MATSURI_FOR_EACH_ENGINE(QueryInTest);

TEST_P(QueryInTest, FindsEachKeyOnce) {
  const auto db = open();
  ASSERT_TRUE(db->write_and_wait([](Connection& connection) -> Result<void> {
                  TRY(connection.execute(
                      "CREATE TABLE pairs (a INTEGER NOT NULL PRIMARY KEY, b INTEGER NOT NULL)"));
                  std::vector<Value> rows;
                  for (std::int64_t number = 0; number < 1000; ++number) {
                    rows.emplace_back(number);
                    rows.emplace_back(number % 3);
                  }
                  return connection.insert_rows("INSERT INTO pairs (a, b)", "", 2, rows);
                }).ok());
  for (const std::int64_t count : {0, 1, 255, 256, 257, 512, 1000}) {
    SCOPED_TRACE(count);
    std::vector<Value> keys;
    std::vector<std::int64_t> expected;
    for (std::int64_t number = 0; number < count; ++number) {
      keys.emplace_back(number);
      if (number % 3 == 1 && number >= 10) expected.push_back(number);
    }
    const Value before[] = {std::int64_t{1}};
    const Value after[] = {std::int64_t{10}};
    std::vector<std::int64_t> found;
    ASSERT_TRUE(db->read_and_wait([&](Connection& connection) {
                    found.clear();
                    return query_in(connection,
                                    {.head = "SELECT a FROM pairs WHERE b = ? AND a",
                                     .before = before,
                                     .keys = keys,
                                     .tail = " AND a >= ?",
                                     .after = after},
                                    [&](const Row& row) { found.push_back(row.integer(0)); });
                  }).ok());
    std::ranges::sort(found);
    EXPECT_EQ(found, expected);
  }
}

}  // namespace
}  // namespace matsuri::sql
