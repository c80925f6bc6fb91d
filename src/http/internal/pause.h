// How long those who are refused are asked to stay away.
#pragma once

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdint>

namespace matsuri::http {

// A crowd that is refused comes back, and what it costs to refuse it again is missing where others
// are served: a server that refuses twice as many as it answers does little else. So where more are
// refused in a second than are served, they are asked to stay away for longer, and for less again
// where fewer are, until no more come back at a time than can be served.
//
// Thread-safe, except adapt().
class Pause {
 public:
  static constexpr double seconds_max = 30;
  static constexpr double step = 1.25;  // the most that it changes by in a second

  void refuse() { refused_count_.fetch_add(1, std::memory_order_relaxed); }
  void serve() { served_count_.fetch_add(1, std::memory_order_relaxed); }
  // 1 where nobody was refused lately.
  std::int64_t seconds() const { return std::llround(seconds_.load(std::memory_order_relaxed)); }

  // Once a second, on one thread.
  void adapt() {
    const auto refused = static_cast<double>(refused_count_.exchange(0));
    const auto served = static_cast<double>(served_count_.exchange(0));
    const double factor = std::clamp(refused / std::max(served, 1.0), 1 / step, step);
    seconds_ = std::clamp(seconds_ * factor, 1.0, seconds_max);
  }

 private:
  std::atomic<std::uint64_t> refused_count_ = 0;
  std::atomic<std::uint64_t> served_count_ = 0;
  std::atomic<double> seconds_ = 1;
};

}  // namespace matsuri::http
