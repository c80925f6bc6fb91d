// How threads wait for work.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>

namespace matsuri::sequencer {

// Wakes one thread, and loses no call between its look and its sleep.
class Bell {
 public:
  void ring() {
    if (rung_.exchange(true)) return;  // Whoever rang before wakes it, and it has yet to look.
    {
      const std::lock_guard lock(mutex_);
    }
    condition_.notify_one();
  }
  void wait(std::chrono::milliseconds at_most) {
    std::unique_lock lock(mutex_);
    condition_.wait_for(lock, at_most, [this] { return rung_.load(); });
    rung_.exchange(false);
  }

 private:
  std::mutex mutex_;
  std::condition_variable condition_;
  std::atomic<bool> rung_ = false;
};

}  // namespace matsuri::sequencer
