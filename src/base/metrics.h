// Counters, gauges and histograms in Prometheus' text form. Made once, kept for the life of the
// process, updated with relaxed atomics: about ten nanoseconds an update.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace matsuri::metrics {

// Label names and values of one series, in the order in which they are printed.
using Labels = std::vector<std::pair<std::string, std::string>>;

class Counter {
 public:
  void add(std::uint64_t amount = 1) { value_.fetch_add(amount, std::memory_order_relaxed); }
  std::uint64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

class Gauge {
 public:
  void set(std::int64_t value) { value_.store(value, std::memory_order_relaxed); }
  void add(std::int64_t amount) { value_.fetch_add(amount, std::memory_order_relaxed); }
  std::int64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::int64_t> value_{0};
};

// Counts observations by upper bound. Bounds are fixed when it is made.
class Histogram {
 public:
  explicit Histogram(std::vector<double> bounds);
  void observe(double value);

  const std::vector<double>& bounds() const { return bounds_; }
  std::uint64_t count_in(std::size_t bucket) const {
    return counts_[bucket].load(std::memory_order_relaxed);
  }
  double sum() const { return sum_.load(std::memory_order_relaxed); }

 private:
  std::vector<double> bounds_;
  std::unique_ptr<std::atomic<std::uint64_t>[]> counts_;  // one more than bounds: the rest
  std::atomic<double> sum_{0};
};

// Seconds, from 50 us to 10 s: fits requests, commits and syncs alike.
std::vector<double> seconds_bounds();

// The series of one process. Thread-safe. The same name and labels give the same object again; its
// references stay valid as long as the registry.
class Registry {
 public:
  Registry();
  ~Registry();
  Registry(const Registry&) = delete;
  Registry& operator=(const Registry&) = delete;

  // REQUIRES: a name keeps its kind and help for the life of the registry.
  Counter& counter(std::string_view name, std::string_view help, Labels labels = {});
  Gauge& gauge(std::string_view name, std::string_view help, Labels labels = {});
  Histogram& histogram(std::string_view name, std::string_view help, std::vector<double> bounds,
                       Labels labels = {});

  // A gauge that is read when somebody looks. The callback must be thread-safe, and outlives
  // nothing: drop the returned handle before what it reads goes away.
  [[nodiscard]] std::shared_ptr<void> gauge_from(std::string_view name, std::string_view help,
                                                 Labels labels, std::function<double()> read);

  // Calls `collect` at the start of every to_text(), for series that must agree with each other: it
  // takes one consistent look and updates the counters and gauges that it holds. It must not call
  // the registry. Dropping the returned handle ends it, and waits for a call that runs.
  [[nodiscard]] std::shared_ptr<void> on_scrape(std::function<void()> collect);

  // Prometheus' text exposition format 0.0.4, families in order of their names.
  std::string to_text() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace matsuri::metrics
