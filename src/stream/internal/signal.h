// Wakes the threads of a stream: something has been written, or it is time to end.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>

namespace matsuri::stream::internal {

// Thread-safe. Whoever waits says which state of affairs it has seen, so that no call is missed.
class Signal {
 public:
  void raise() {
    {
      const std::lock_guard lock(mutex_);
      ++count_;
    }
    changed_.notify_all();
  }
  void stop() {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    changed_.notify_all();
  }
  bool stopping() const {
    const std::lock_guard lock(mutex_);
    return stopping_;
  }
  std::uint64_t count() const {
    const std::lock_guard lock(mutex_);
    return count_;
  }
  // Until somebody raises it after `seen`, stop(), or the time is over.
  void wait(std::uint64_t seen, std::int64_t ms) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, std::chrono::milliseconds(ms),
                      [&] { return stopping_ || count_ != seen; });
  }
  // Until stop() or the time is over: a raise does not cut a backoff short.
  void sleep(std::int64_t ms) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, std::chrono::milliseconds(ms), [&] { return stopping_; });
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::uint64_t count_ = 0;
  bool stopping_ = false;
};

}  // namespace matsuri::stream::internal
