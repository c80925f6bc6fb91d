// The identity of a follower: read = applied + duplicate + refused + not_mine + quarantined +
// in_flight, at every moment at which anybody looks.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "base/metrics.h"

namespace matsuri::stream::internal {

struct Counts {
  std::uint64_t read = 0;
  std::uint64_t applied = 0;
  std::uint64_t duplicate = 0;
  std::uint64_t refused = 0;
  std::uint64_t not_mine = 0;
  std::uint64_t quarantined = 0;
  std::uint64_t in_flight = 0;

  std::uint64_t settled() const { return applied + duplicate + refused + not_mine + quarantined; }
};

// Thread-safe: one mutex, so that nobody sees a record in two places or in none.
class Tally {
 public:
  // `lag` is asked at every scrape. Metrics are optional.
  Tally(std::string_view view, metrics::Registry* registry, std::function<std::uint64_t()> lag);

  Counts counts() const {
    const std::lock_guard lock(mutex_);
    return counts_;
  }
  // `wanted` of `count` records that were read are to be applied.
  void take(std::uint64_t count, std::uint64_t wanted);
  // Records that had been in flight became what `settled` says; its read and in_flight are ignored.
  void settle(const Counts& settled);

  void observe_batch(std::size_t count);
  void observe_commit(double seconds);

 private:
  mutable std::mutex mutex_;
  Counts counts_;
  metrics::Histogram* batch_count_ = nullptr;
  metrics::Histogram* commit_seconds_ = nullptr;
  std::shared_ptr<void> scrape_;
};

}  // namespace matsuri::stream::internal
