// When runs are made: every night, and when somebody asks.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>

#include "analytics/zone.h"
#include "base/metrics.h"
#include "game/log_reader.h"
#include "io/clock.h"
#include "sql/db.h"

namespace matsuri::analytics {

struct RunsParts {
  const game::LogDbs& log;
  sql::Db& own;  // with the tables of migrations()
  io::Clock& clock;
  const Zone& zone;
  std::optional<int> minute_of_day;  // none: nothing by night
  metrics::Registry* metrics = nullptr;
  std::function<std::int64_t()> as_of_ms = {};  // as in RunOptions
  // Hears, at the start and behind each run, up to when everything is counted.
  std::function<void(std::int64_t)> on_as_of_ms = {};
  std::int64_t poll_ms = 10'000;  // how often the clock is looked at
};

// The first time after `after_ms` that it is that minute of the day.
std::int64_t next_night_ms(const Zone& zone, int minute_of_day, std::int64_t after_ms);

// Owns one thread. A night that was missed is made up for at the start, and so is a run that a stop
// or a kill has cut short; one that failed is tried again after a while. Thread-safe.
class Runs {
 public:
  explicit Runs(RunsParts parts);
  ~Runs();
  Runs(const Runs&) = delete;
  Runs& operator=(const Runs&) = delete;

  // Begins a run as soon as may be; nothing where one is on its way.
  void ask();
  // Whether a run is on its way, or asked for.
  bool is_busy() const { return is_busy_; }
  // When the next one comes by itself; nullopt where none does.
  std::optional<std::int64_t> next_ms() const;

  // Ends the run that is on its way after the window that it is at.
  void stop();

 private:
  struct State;  // what the database says
  State read_state() const;
  void loop();
  void run_now(const char* asked_by);

  RunsParts parts_;
  const std::int64_t start_ms_;
  metrics::Counter* commands_ = nullptr;
  metrics::Counter* done_ = nullptr;
  metrics::Counter* failed_ = nullptr;
  metrics::Gauge* as_of_ = nullptr;
  std::atomic<bool> is_busy_{false};
  std::atomic<bool> is_stopping_{false};
  std::atomic<std::int64_t> next_ms_{0};  // 0: none
  std::mutex mutex_;
  std::condition_variable wake_;
  bool is_asked_ = false;
  std::thread thread_;
};

}  // namespace matsuri::analytics
