// Goal: ranks are those of a sorted list, after whatever changes, of equal values too, in both
// orders, and exact where more entities come than the ranking keeps.
// Method: random changes beside a plain map that is sorted anew for each look.
#include "board/ranking.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <tuple>

#include "sequencer/testing/seeds.h"

namespace matsuri::board {
namespace {

// All that is known, whether it is ranked or not.
struct Reference {
  struct Known {
    std::int64_t value;
    Reached reached;
  };
  Order order;
  std::map<std::string, Known> all;

  std::vector<Row> sorted() const {
    std::vector<std::pair<std::string, Known>> list(all.begin(), all.end());
    std::ranges::sort(list, [&](const auto& one, const auto& other) {
      if (one.second.value != other.second.value)
        return (one.second.value > other.second.value) == (order == Order::high);
      return std::tie(one.second.reached, one.first) < std::tie(other.second.reached, other.first);
    });
    std::vector<Row> rows;
    for (std::size_t i = 0; i < list.size(); ++i) {
      const bool is_equal = i > 0 && list[i].second.value == list[i - 1].second.value;
      rows.push_back({.rank = is_equal ? rows.back().rank : i + 1,
                      .id = list[i].first,
                      .value = list[i].second.value});
    }
    return rows;
  }
};

void expect_same(const Ranking& ranking, std::vector<Row> rows, std::mt19937_64& random) {
  rows.resize(std::min(rows.size(), ranking.size()));
  EXPECT_EQ(ranking.rows(0, ranking.size() + 1), rows);
  if (rows.empty()) return;
  const std::size_t at = random() % rows.size();
  EXPECT_EQ(ranking.index_of(rows[at].id), at);
  const std::size_t count = std::min<std::size_t>(1 + random() % 5, rows.size() - at);
  const std::vector<Row> part(rows.begin() + static_cast<std::ptrdiff_t>(at),
                              rows.begin() + static_cast<std::ptrdiff_t>(at + count));
  EXPECT_EQ(ranking.rows(at, count), part);
  EXPECT_TRUE(ranking.rows(ranking.size(), 3).empty());
}

// Few ids and few values, so that much is equal and much goes and comes back.
void run(Order order, std::size_t size_max, std::mt19937_64& random) {
  auto ranking = std::make_unique<Ranking>(order, size_max);
  Reference reference{.order = order, .all = {}};
  for (int step = 0; step < 600; ++step) {
    const std::string id = std::to_string(random() % 40);
    if (random() % 4 == 0) {
      ranking->remove(id);
      reference.all.erase(id);
    } else {
      const Reference::Known known{.value = static_cast<std::int64_t>(random() % 9) - 4,
                                   .reached = {.unix_ms = step / 3, .seq = random() % 3}};
      ranking->set(id, known.value, known.reached);
      reference.all[id] = known;
    }
    ASSERT_NO_FATAL_FAILURE(expect_same(*ranking, reference.sorted(), random));
    if (ranking->is_thin()) {
      ranking = std::make_unique<Ranking>(order, size_max);
      for (const auto& [of, known] : reference.all) ranking->set(of, known.value, known.reached);
    }
    const std::size_t count = std::min(size_max, reference.all.size());
    ASSERT_GE(ranking->size() + size_max / 10, count);
    ASSERT_LE(ranking->size(), count);
  }
}

TEST(Ranking, IsASortedList) {
  const std::uint64_t start = sequencer::base_seed();
  SCOPED_TRACE("MATSURI_SEED=" + std::to_string(start));
  std::mt19937_64 random(start);
  for (const Order order : {Order::high, Order::low})
    for (const std::size_t size_max : {1UL, 2UL, 7UL, 30UL, 1000UL}) run(order, size_max, random);
}

TEST(Ranking, EqualValuesShareARankAndAreListedByWhoWasFirst) {
  Ranking ranking(Order::high, 10);
  ranking.set("late", 5, {.unix_ms = 2, .seq = 1});
  ranking.set("best", 9, {.unix_ms = 3, .seq = 4});
  ranking.set("early", 5, {.unix_ms = 2, .seq = 0});
  ranking.set("last", 1, {.unix_ms = 0, .seq = 0});
  const std::vector<Row> expected = {
      {1, "best", 9}, {2, "early", 5}, {2, "late", 5}, {4, "last", 1}};
  EXPECT_EQ(ranking.rows(0, 10), expected);
  EXPECT_EQ(ranking.rows(2, 1), std::vector<Row>({{2, "late", 5}}));
}

TEST(Ranking, TakesTheLargestAndTheSmallestNumbers) {
  constexpr std::int64_t min = std::numeric_limits<std::int64_t>::min();
  constexpr std::int64_t max = std::numeric_limits<std::int64_t>::max();
  for (const Order order : {Order::high, Order::low}) {
    Ranking ranking(order, 10);
    ranking.set("min", min, {});
    ranking.set("max", max, {});
    ranking.set("zero", 0, {});
    const bool is_high = order == Order::high;
    const std::vector<Row> expected = {{1, is_high ? "max" : "min", is_high ? max : min},
                                       {2, "zero", 0},
                                       {3, is_high ? "min" : "max", is_high ? min : max}};
    EXPECT_EQ(ranking.rows(0, 3), expected);
  }
}

TEST(Ranking, KeepsTheBestAndAsksForMoreWhereATenthIsFree) {
  Ranking ranking(Order::high, 10);
  for (int i = 0; i < 30; ++i) ranking.set(std::to_string(i), i, {});
  EXPECT_EQ(ranking.size(), 10U);
  EXPECT_EQ(ranking.rows(9, 5), std::vector<Row>({{10, "20", 20}}));
  EXPECT_EQ(ranking.index_of("19"), std::nullopt);
  ranking.remove("25");
  EXPECT_FALSE(ranking.is_thin());
  // No better than what was left out: it has no place that would be exact.
  ranking.set("new", 19, {.unix_ms = 1});
  EXPECT_EQ(ranking.index_of("new"), std::nullopt);
  ranking.set("24", 3, {});
  EXPECT_TRUE(ranking.is_thin());
  EXPECT_EQ(ranking.size(), 8U);
  EXPECT_EQ(ranking.index_of("20"), 7U);
}

}  // namespace
}  // namespace matsuri::board
