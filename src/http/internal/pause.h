// How long those who are refused are asked to stay away.
#pragma once

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdint>

namespace matsuri::http {

// A crowd that is refused comes back, and what it costs to refuse it again is missing where others
// are served: a server that refuses twice as many as it answers does little else. So whoever is
// refused gets a place behind those who were refused before, in a line that is only counted, and is
// asked to come back when that place comes up. They then come at the pace at which they are served.
//
// A place goes by whether or not its owner came: that costs nothing but room for somebody else.
// Thread-safe, except adapt().
class Pause {
 public:
  static constexpr double seconds_max = 30;

  void serve() { served_count_.fetch_add(1, std::memory_order_relaxed); }
  // The seconds to stay away: 1 to 30, and 1 until it is known how many are served.
  std::int64_t refuse() {
    const auto place = static_cast<double>(away_count_.fetch_add(1, std::memory_order_relaxed) + 1);
    const double rate = rate_.load(std::memory_order_relaxed);
    return rate == 0 ? 1 : std::llround(std::clamp(place / rate, 1.0, seconds_max));
  }

  // Once a second, on one thread.
  void adapt() {
    const auto served = static_cast<double>(served_count_.exchange(0));
    const std::int64_t away_count = away_count_.load();
    // What is served while nobody is refused is the least that can be.
    double rate = std::max(rate_.load(), served);
    if (away_count > left_count_) rate = std::max(1.0, rate_ + (served - rate_) * last_share);
    rate_ = rate;
    left_count_ =
        std::llround(std::clamp(static_cast<double>(away_count) - rate, 0.0, seconds_max * rate));
    away_count_.fetch_sub(away_count - left_count_);
  }

 private:
  static constexpr double last_share = 0.25;  // of the last second in the rate

  std::atomic<std::uint64_t> served_count_ = 0;
  std::atomic<std::int64_t> away_count_ = 0;  // places in the line
  std::int64_t left_count_ = 0;               // of them, at the last adapt()
  std::atomic<double> rate_ = 0;              // served in a second; 0: not known
};

}  // namespace matsuri::http
