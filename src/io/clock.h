// Time as a seam: everything that asks for the time gets its Clock through a constructor, so that
// a test can stop it, or step it back.
#pragma once

#include <atomic>
#include <cstdint>

namespace matsuri::io {

// Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  // Milliseconds since 1970-01-01 UTC. May step in both directions.
  virtual std::int64_t unix_ms() const = 0;
  // Microseconds since some moment. Never goes back.
  virtual std::int64_t monotonic_us() const = 0;
};

// The machine's clock. Lives for ever.
Clock& system_clock();

// Stands still until it is told to move.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(std::int64_t unix_ms) : unix_ms_(unix_ms) {}
  std::int64_t unix_ms() const override { return unix_ms_; }
  std::int64_t monotonic_us() const override { return monotonic_us_; }

  // Lets both clocks run for `ms`. REQUIRES: ms >= 0.
  void advance_ms(std::int64_t ms) {
    unix_ms_ += ms;
    monotonic_us_ += ms * 1000;
  }
  // Steps the wall clock alone, as an operator or NTP may, in either direction.
  void step_ms(std::int64_t ms) { unix_ms_ += ms; }

 private:
  std::atomic<std::int64_t> unix_ms_;
  std::atomic<std::int64_t> monotonic_us_{0};
};

}  // namespace matsuri::io
