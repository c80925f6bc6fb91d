// Counts times by their size, all of them, from a microsecond to hours: the buckets of an HDR
// histogram (docs/decisions/0010). An average hides what a crowd waits for; this does not.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace matsuri::traffic {

class Histogram {
 public:
  // Values beyond value_max count as that.
  static constexpr std::uint64_t value_max = (std::uint64_t{1} << 40) - 1;

  Histogram();

  void record(std::uint64_t value);

  std::uint64_t count() const { return count_; }
  std::uint64_t max() const { return max_; }
  // What this part of all values is at most, above it by less than 1 in 128; 0 where there is none.
  // REQUIRES: 0 <= part <= 1.
  std::uint64_t at(double part) const;

 private:
  std::vector<std::uint64_t> counts_;
  std::uint64_t count_ = 0;
  std::uint64_t max_ = 0;
};

}  // namespace matsuri::traffic
