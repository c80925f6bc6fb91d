#include "points/keeper.h"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <span>
#include <string>
#include <utility>

#include "base/log.h"
#include "sequencer/history.h"
#include "sequencer/slots.h"

namespace matsuri::points {
namespace {

constexpr std::size_t waiter_count_max = 4096;
constexpr std::size_t sweep_count_max = 256;
// Other titles' commands lie between: so far behind may the stored place be.
constexpr std::uint64_t place_behind_max = 100'000;
constexpr std::int64_t retry_ms = 1'000;

io::InlineExecutor& at_once() {
  static io::InlineExecutor executor;
  return executor;
}

}  // namespace

Keeper::Keeper(KeeperParts parts) : parts_(std::move(parts)) {
  if (parts_.metrics != nullptr) {
    shown_counter_ = &parts_.metrics->counter("matsuri_points_checked_total",
                                              "Transfers that were shown, and looked at.");
    for (std::size_t i = 0; i < fault_counters_.size(); ++i)
      fault_counters_[i] =
          &parts_.metrics->counter("matsuri_points_faults_total",
                                   "What did not add up in the ledger: anything but 0 is an alarm.",
                                   {{"what", std::string(name_of(static_cast<Fault::What>(i)))}});
    place_gauge_ =
        &parts_.metrics->gauge("matsuri_points_place", "How far the ledger is shown by account.");
  }
}

void Keeper::start() {
  thread_ = std::thread([this] { loop(); });
}

Keeper::~Keeper() { stop(); }

void Keeper::stop() {
  {
    const std::lock_guard lock(mutex_);
    is_ending_ = true;
  }
  wake_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void Keeper::wake() {
  {
    const std::lock_guard lock(mutex_);
    if (std::exchange(has_news_, true)) return;
  }
  wake_.notify_one();
}

void Keeper::when_shown(std::uint64_t seq, std::int64_t wait_ms, io::Executor& executor,
                        std::move_only_function<void(bool)> done) {
  if (seq <= shown_) return executor.post([done = std::move(done)]() mutable { done(true); });
  {
    const std::lock_guard lock(mutex_);
    if (!is_ending_ && waiters_.size() < waiter_count_max) {
      waiters_.push_back({.seq = seq,
                          .until_us = now_us() + wait_ms * 1000,
                          .executor = &executor,
                          .done = std::move(done)});
      has_news_ = true;
      wake_.notify_one();
      return;
    }
  }
  executor.post([done = std::move(done)]() mutable { done(false); });
}

void Keeper::loop() {
  std::int64_t pause_ms = 0;
  for (;;) {
    {
      std::unique_lock lock(mutex_);
      std::int64_t wait_us = pause_ms * 1000;
      for (const Waiter& waiter : waiters_) wait_us = std::min(wait_us, waiter.until_us - now_us());
      wake_.wait_for(lock, std::chrono::microseconds(std::max<std::int64_t>(wait_us, 0)),
                     [this] { return has_news_ || is_ending_; });
      if (is_ending_) break;
      has_news_ = false;
    }
    Result<bool> more = false;
    if (const Result<void> begun = begin(); !begun.ok())
      more = begun.error();
    else
      more = read_on();
    if (more.ok() && now_us() >= sweep_at_us_) {
      sweep_at_us_ = now_us() + parts_.sweep_ms * 1000;
      if (const Result<void> swept = sweep(); !swept.ok()) more = swept.error();
    }
    if (!more.ok()) {
      log::warn("points", "the ledger can't be read on", {{"error", more.error().to_string()}});
      has_begun_ = false;
    }
    answer(false);
    pause_ms = !more.ok() ? retry_ms : *more ? 0 : parts_.look_ms;
  }
  answer(true);
}

// What is shown is of this life of main, or goes.
Result<void> Keeper::begin() {
  if (has_begun_) return {};
  TRY(parts_.db.write_and_wait([this](sql::Connection& connection) -> Result<void> {
    TRY_ASSIGN(stored_, read_place(connection));
    if (stored_.world == parts_.world) return {};
    TRY(forget_projection(connection));
    TRY_ASSIGN(stored_, read_place(connection));
    return {};
  }));
  shown_ = stored_.seq;
  has_begun_ = true;
  return {};
}

Result<bool> Keeper::read_on() {
  for (sql::Db* shard : parts_.shards) {
    sequencer::Changes changes;
    TRY(shard->read_and_wait([&](sql::Connection& connection) -> Result<void> {
      TRY_ASSIGN(changes, read_ledger(connection, shown_));
      return {};
    }));
    if (changes.slots.none()) continue;
    std::vector<Posted> ledger;
    for (sequencer::StoredCommand& command : changes.commands) {
      TRY_ASSIGN(Posted posted, parse_posted(std::move(command)));
      ledger.push_back(std::move(posted));
    }
    TRY(show(ledger, changes.read_to));
    return !changes.is_end;
  }
  return false;  // on its way between two shards
}

Result<void> Keeper::show(const std::vector<Posted>& ledger, std::uint64_t seq) {
  if (!ledger.empty() || seq > stored_.seq + place_behind_max) {
    const Place to{.world = parts_.world, .seq = seq};
    std::vector<Fault> faults;
    TRY(parts_.db.write_and_wait([&](sql::Connection& connection) -> Result<void> {
      TRY_ASSIGN(faults, apply(connection, ledger, stored_, to));
      return {};
    }));
    stored_ = to;
    tell(faults, ledger.size());
  }
  shown_ = seq;
  if (place_gauge_ != nullptr) place_gauge_->set(static_cast<std::int64_t>(seq));
  return {};
}

void Keeper::tell(const std::vector<Fault>& faults, std::size_t count) {
  if (shown_counter_ != nullptr) shown_counter_->add(count);
  for (const Fault& fault : faults) {
    log::error("points", "the ledger does not add up",
               {{"what", name_of(fault.what)}, {"text", fault.text}});
    if (parts_.metrics != nullptr) fault_counters_[static_cast<std::size_t>(fault.what)]->add();
  }
}

Result<void> Keeper::sweep() {
  if (*sweeping_ != 0) return {};
  std::vector<Hold> overdue;
  TRY(parts_.db.read_and_wait([&](sql::Connection& connection) -> Result<void> {
    TRY_ASSIGN(overdue, read_overdue(connection, parts_.ledger.clock().unix_ms(), sweep_count_max));
    return {};
  }));
  *sweeping_ += overdue.size();
  for (const Hold& hold : overdue)
    parts_.ledger.void_overdue(hold, at_once(),
                               [left = sweeping_](const Result<Ended>&) { --*left; });
  return {};
}

void Keeper::answer(bool everybody) {
  std::vector<Waiter> ready;
  {
    const std::lock_guard lock(mutex_);
    const std::int64_t now = now_us();
    const auto first = std::partition(waiters_.begin(), waiters_.end(), [&](const Waiter& waiter) {
      return !everybody && waiter.seq > shown_ && waiter.until_us > now;
    });
    std::move(first, waiters_.end(), std::back_inserter(ready));
    waiters_.erase(first, waiters_.end());
  }
  for (Waiter& waiter : ready)
    waiter.executor->post(
        [done = std::move(waiter.done), is = waiter.seq <= shown_]() mutable { done(is); });
}

}  // namespace matsuri::points
