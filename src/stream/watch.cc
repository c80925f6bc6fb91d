#include "stream/internal/watch.h"

#include <algorithm>
#include <chrono>
#include <memory>
#include <utility>

namespace matsuri::stream::internal {
namespace {

// The longest sleep of the thread: a clock that a test moves by hand wakes nobody.
constexpr std::int64_t nap_us_max = 50'000;

}  // namespace

std::size_t Watch::add_follower(std::optional<Origin> own_outbox) {
  const std::lock_guard lock(mutex_);
  followers_.push_back({.own_outbox = own_outbox, .marks = {}});
  return followers_.size() - 1;
}

bool Watch::follows(std::size_t follower, const Origin& origin) const {
  const std::lock_guard lock(mutex_);
  return followers_[follower].own_outbox != origin;
}

void Watch::start() {
  thread_ = std::thread([this] { run(); });
}

void Watch::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
  std::vector<Waiter> left;
  {
    const std::lock_guard lock(mutex_);
    left.swap(waiters_);
  }
  for (Waiter& waiter : left) waiter.done(false);
}

void Watch::move(std::size_t follower, const Origin& origin, const Mark& mark) {
  bool wake;
  {
    const std::lock_guard lock(mutex_);
    Mark& known = followers_[follower].marks[origin];
    wake = mark.applied != known.applied && !waiters_.empty();
    known = mark;
    moved_ = moved_ || wake;
  }
  if (wake) changed_.notify_all();
}

Watch::Passed Watch::passed() const {
  Passed passed;
  for (const auto& feed : *feeds_.list()) {
    std::optional<std::uint64_t> lowest;
    for (const Follower& follower : followers_) {
      if (follower.own_outbox == feed->origin()) continue;
      const auto mark = follower.marks.find(feed->origin());
      const std::uint64_t applied = mark == follower.marks.end() ? 0 : mark->second.applied;
      lowest = std::min(lowest.value_or(applied), applied);
    }
    if (lowest) passed.emplace(feed->origin(), *lowest);
  }
  return passed;
}

bool Watch::covers(const Passed& passed, std::span<const Position> positions) {
  return std::ranges::all_of(positions, [&](const Position& position) {
    const auto found = passed.find(position.origin);
    return found == passed.end() || found->second >= position.offset;
  });
}

bool Watch::has_passed(std::span<const Position> positions) const {
  const std::lock_guard lock(mutex_);
  return covers(passed(), positions);
}

void Watch::when_passed(std::vector<Position> positions, std::int64_t timeout_ms, Done done) {
  bool now;
  {
    const std::lock_guard lock(mutex_);
    now = covers(passed(), positions);
    if (!now && !stopping_ && timeout_ms > 0) {
      waiters_.push_back({.positions = std::move(positions),
                          .deadline_us = clock_.monotonic_us() + timeout_ms * 1000,
                          .done = std::move(done)});
      moved_ = true;
      changed_.notify_all();
      return;
    }
  }
  done(now);
}

bool Watch::wait_passed(std::vector<Position> positions, std::int64_t timeout_ms) {
  struct Answer {
    std::mutex mutex;
    std::condition_variable given;
    std::optional<bool> passed;
  };
  const auto answer = std::make_shared<Answer>();
  when_passed(std::move(positions), timeout_ms, [answer](bool passed) {
    const std::lock_guard lock(answer->mutex);
    answer->passed = passed;
    answer->given.notify_all();
  });
  std::unique_lock lock(answer->mutex);
  answer->given.wait(lock, [&] { return answer->passed.has_value(); });
  return *answer->passed;
}

void Watch::run() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    moved_ = false;
    std::vector<std::pair<Done, bool>> due;
    if (!waiters_.empty()) {
      const Passed now = passed();
      const std::int64_t now_us = clock_.monotonic_us();
      std::erase_if(waiters_, [&](Waiter& waiter) {
        const bool there = covers(now, waiter.positions);
        if (!there && waiter.deadline_us > now_us) return false;
        due.emplace_back(std::move(waiter.done), there);
        return true;
      });
    }
    if (!due.empty()) {
      lock.unlock();
      for (auto& [done, there] : due) done(there);
      lock.lock();
      continue;
    }
    const auto woken = [this] { return stopping_ || moved_; };
    if (waiters_.empty()) {
      changed_.wait(lock, woken);
      continue;
    }
    const std::int64_t next_us =
        std::ranges::min_element(waiters_, {}, &Waiter::deadline_us)->deadline_us;
    const std::int64_t nap_us =
        std::clamp<std::int64_t>(next_us - clock_.monotonic_us(), 0, nap_us_max);
    changed_.wait_for(lock, std::chrono::microseconds(nap_us), woken);
  }
}

Watch::Lag Watch::lag(std::size_t follower) const {
  const std::lock_guard lock(mutex_);
  const Follower& one = followers_[follower];
  Lag lag;
  for (const auto& feed : *feeds_.list()) {
    if (one.own_outbox == feed->origin()) continue;
    const auto found = one.marks.find(feed->origin());
    const Mark mark = found == one.marks.end() ? Mark{} : found->second;
    const std::uint64_t end = feed->end();
    lag.unread += end > mark.read ? end - mark.read : 0;
    lag.unapplied += end > mark.applied ? end - mark.applied : 0;
  }
  return lag;
}

std::vector<Position> Watch::applied(std::size_t follower) const {
  const std::lock_guard lock(mutex_);
  std::vector<Position> positions;
  for (const auto& [origin, mark] : followers_[follower].marks)
    positions.push_back({.origin = origin, .offset = mark.applied});
  return positions;
}

std::vector<Position> Watch::stored_by_all() const {
  const std::lock_guard lock(mutex_);
  std::vector<Position> positions;
  for (const auto& feed : *feeds_.list()) {
    std::optional<std::uint64_t> lowest;
    for (const Follower& follower : followers_) {
      if (follower.own_outbox == feed->origin()) continue;
      const auto mark = follower.marks.find(feed->origin());
      const std::uint64_t stored = mark == follower.marks.end() ? 0 : mark->second.stored;
      lowest = std::min(lowest.value_or(stored), stored);
    }
    if (lowest) positions.push_back({.origin = feed->origin(), .offset = *lowest});
  }
  return positions;
}

}  // namespace matsuri::stream::internal
