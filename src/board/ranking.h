// Who stands where: the ranked entities of one board in memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "board/model.h"

namespace matsuri::board {

// When a value was reached: of equal values the earlier one is listed first. Within a shard its
// place orders them; between shards, their clocks.
struct Reached {
  std::int64_t unix_ms = 0;
  std::uint64_t seq = 0;

  auto operator<=>(const Reached&) const = default;
};

struct Row {
  std::size_t rank = 0;  // 1 for the best; equal values share one: 1, 2, 2, 4
  std::string id;
  std::int64_t value = 0;

  bool operator==(const Row&) const = default;
};

// An order-statistics tree beside a hash table: all of it takes logarithmic time. One entity takes
// about 200 bytes (ranking_bench.cc measures it); there are never more than `size_max`.
//
// Past that the worst are left out, and known to be no better than a floor. So every rank that is
// given is exact, whatever was left out. Where so many went that a tenth of it is free, the owner
// has to bring back what was left out: is_thin().
//
// Not thread-safe.
class Ranking {
 public:
  Ranking(Order order, std::size_t size_max);
  ~Ranking();
  Ranking(const Ranking&) = delete;
  Ranking& operator=(const Ranking&) = delete;

  // It has that value from now on.
  void set(std::string_view id, std::int64_t value, const Reached& reached);
  void remove(std::string_view id);

  std::size_t size() const;
  bool is_thin() const;

  // Its place in the list, from 0; nullopt where it is not ranked.
  std::optional<std::size_t> index_of(std::string_view id) const;
  // From that place on.
  std::vector<Row> rows(std::size_t index, std::size_t count_max) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace matsuri::board
