#include "analytics/runs.h"

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>

#include "analytics/query.h"
#include "analytics/run.h"
#include "base/log.h"

namespace matsuri::analytics {
namespace {

constexpr std::int64_t retry_ms = 300'000;  // after a run that failed

}  // namespace

std::int64_t next_night_ms(const Zone& zone, int minute_of_day, std::int64_t after_ms) {
  // A day before and a day behind: offsets change.
  Day day = zone.day_of(after_ms) - 1;
  while (zone.unix_ms_of(day, minute_of_day) <= after_ms) ++day;
  return zone.unix_ms_of(day, minute_of_day);
}

struct Runs::State {
  std::int64_t as_of_ms = 0;
  bool was_cut_short = false;  // the last run
};

Runs::Runs(RunsParts parts) : parts_(std::move(parts)), start_ms_(parts_.clock.unix_ms()) {
  if (parts_.metrics != nullptr) {
    commands_ = &parts_.metrics->counter("matsuri_analytics_commands_total",
                                         "Commands of games that runs of analytics have counted");
    const auto runs = [&](const char* state) {
      return &parts_.metrics->counter("matsuri_analytics_runs_total",
                                      "Runs of analytics that ended", {{"state", state}});
    };
    done_ = runs("done");
    failed_ = runs("failed");
    as_of_ = &parts_.metrics->gauge(
        "matsuri_analytics_as_of_seconds",
        "Unix time up to which analytics have counted everything; 0 before the first run");
  }
  thread_ = std::thread([this] { loop(); });
}

Runs::~Runs() { stop(); }

void Runs::stop() {
  {
    const std::lock_guard lock(mutex_);
    is_stopping_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void Runs::ask() {
  {
    const std::lock_guard lock(mutex_);
    if (is_busy_.exchange(true)) return;
    is_asked_ = true;
  }
  wake_.notify_all();
}

std::optional<std::int64_t> Runs::next_ms() const {
  const std::int64_t next = next_ms_;
  return next == 0 ? std::nullopt : std::optional(next);
}

Runs::State Runs::read_state() const {
  State state;
  const Result<void> read =
      parts_.own.read_and_wait([&](sql::Connection& connection) -> Result<void> {
        TRY_ASSIGN(state.as_of_ms, read_as_of(connection));
        TRY_ASSIGN(const auto runs, read_runs(connection));
        state.was_cut_short = !runs.empty() && (runs.front().state == "running" ||
                                                runs.front().state == "interrupted");
        return {};
      });
  if (!read.ok())
    log::warn("analytics", "the database can't be read", {{"error", read.error().to_string()}});
  return state;
}

void Runs::loop() {
  const State found = read_state();
  if (found.was_cut_short) run_now("start");
  std::int64_t not_before_ms = 0;
  while (!is_stopping_) {
    const State state = read_state();
    if (as_of_ != nullptr) as_of_->set(state.as_of_ms / 1000);
    if (parts_.on_as_of_ms) parts_.on_as_of_ms(state.as_of_ms);
    if (parts_.minute_of_day) {
      const std::int64_t since_ms = state.as_of_ms == 0 ? start_ms_ : state.as_of_ms;
      next_ms_ =
          std::max(next_night_ms(parts_.zone, *parts_.minute_of_day, since_ms), not_before_ms);
    }
    bool is_asked = false;
    {
      std::unique_lock lock(mutex_);
      const auto due = [&] { return next_ms_ != 0 && parts_.clock.unix_ms() >= next_ms_; };
      while (!is_stopping_ && !is_asked_ && !due())
        wake_.wait_for(lock, std::chrono::milliseconds(parts_.poll_ms));
      if (is_stopping_) return;
      is_asked = std::exchange(is_asked_, false);
      is_busy_ = true;
    }
    not_before_ms = parts_.clock.unix_ms() + retry_ms;
    run_now(is_asked ? "admin" : "night");
  }
}

void Runs::run_now(const char* asked_by) {
  is_busy_ = true;
  const auto done = run(parts_.log, parts_.own, parts_.clock,
                        {.zone = &parts_.zone,
                         .asked_by = asked_by,
                         .on_advance = [this](const Advance&) { return !is_stopping_; },
                         .commands = commands_,
                         .as_of_ms = parts_.as_of_ms});
  if (done.ok())
    log::info("analytics", "a run is done",
              {{"asked_by", asked_by}, {"commands", done->command_count}});
  else if (!is_stopping_)
    log::warn("analytics", "a run failed", {{"error", done.error().to_string()}});
  if (done_ != nullptr && (done.ok() || !is_stopping_)) (done.ok() ? done_ : failed_)->add();
  is_busy_ = false;
}

}  // namespace matsuri::analytics
