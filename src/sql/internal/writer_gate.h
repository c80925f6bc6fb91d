// One writer at a time in a database, in the order of arrival: SQLite allows one anyway, and polls
// for it without order, so that an applier with one batch after the other would starve the others.
#pragma once

#include <chrono>
#include <condition_variable>
#include <list>
#include <mutex>

namespace matsuri::sql::internal {

// Thread-safe. Not tied to a thread: who entered may leave on another one.
class WriterGate {
 public:
  // False where the gate was not free within `timeout`.
  [[nodiscard]] bool enter(std::chrono::milliseconds timeout) {
    std::unique_lock lock(mutex_);
    if (!held_) {
      held_ = true;
      return true;
    }
    const auto self = waiters_.emplace(waiters_.end());
    if (self->free.wait_for(lock, timeout, [&] { return self->granted; })) {
      waiters_.erase(self);
      return true;
    }
    waiters_.erase(self);
    return false;
  }

  // Hands the gate to whoever waits longest. REQUIRES: entered.
  void leave() {
    const std::lock_guard lock(mutex_);
    for (Waiter& waiter : waiters_) {
      if (waiter.granted) continue;
      waiter.granted = true;
      waiter.free.notify_one();
      return;
    }
    held_ = false;
  }

 private:
  struct Waiter {
    std::condition_variable free;
    bool granted = false;
  };
  std::mutex mutex_;
  bool held_ = false;
  std::list<Waiter> waiters_;
};

}  // namespace matsuri::sql::internal
