#include "traffic/histogram.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace matsuri::traffic {
namespace {

// Each power of two is cut into so many buckets; below twice of it each value has its own.
constexpr unsigned cut_bits = 7;
constexpr std::size_t cut_count = std::size_t{1} << cut_bits;

unsigned shift_of(std::uint64_t value) {
  const auto width = static_cast<unsigned>(std::bit_width(value));
  return width <= cut_bits + 1 ? 0 : width - cut_bits - 1;
}

std::size_t bucket_of(std::uint64_t value) {
  const unsigned shift = shift_of(value);
  return shift * cut_count + static_cast<std::size_t>(value >> shift);
}

// The largest value of a bucket.
std::uint64_t end_of(std::size_t bucket) {
  if (bucket < 2 * cut_count) return bucket;
  const std::size_t shift = bucket / cut_count - 1;
  return ((bucket - shift * cut_count + 1) << shift) - 1;
}

}  // namespace

Histogram::Histogram() : counts_(bucket_of(value_max) + 1) {}

void Histogram::record(std::uint64_t value) {
  value = std::min(value, value_max);
  ++counts_[bucket_of(value)];
  ++count_;
  max_ = std::max(max_, value);
}

std::uint64_t Histogram::at(double part) const {
  const auto wanted = std::max<std::uint64_t>(
      1, static_cast<std::uint64_t>(std::ceil(part * static_cast<double>(count_))));
  std::uint64_t seen = 0;
  for (std::size_t bucket = 0; bucket < counts_.size(); ++bucket) {
    seen += counts_[bucket];
    if (seen >= wanted) return std::min(end_of(bucket), max_);
  }
  return max_;
}

}  // namespace matsuri::traffic
