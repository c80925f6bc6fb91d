// Allocates the next segment before it is needed, so that a full disk is met while there still is a
// place for everything that was accepted.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "base/result.h"
#include "io/file.h"

namespace matsuri::journal::internal {

// Owns one thread, which makes the file next.tmp whenever there is none, and on failure tries again
// every second. Thread-safe.
class SpareMaker {
 public:
  SpareMaker(io::FileSystem& files, std::string folder, std::uint64_t segment_size);
  // Removes a spare that was not taken.
  ~SpareMaker();
  SpareMaker(const SpareMaker&) = delete;
  SpareMaker& operator=(const SpareMaker&) = delete;

  bool is_ready() const { return is_ready_.load(std::memory_order_acquire); }
  // The last attempt failed.
  bool is_failing() const { return is_failing_.load(std::memory_order_acquire); }
  std::uint64_t segment_size() const { return segment_size_; }
  // REQUIRES: is_ready(). The next one is made when used() is called: until then the file still has
  // the name next.tmp.
  std::unique_ptr<io::File> take();
  void used();
  // Tries at once: there may be space again.
  void retry();

 private:
  void run();
  void make(std::unique_lock<std::mutex>& lock);

  io::FileSystem& files_;
  const std::string folder_;
  const std::uint64_t segment_size_;
  std::atomic<bool> is_ready_{false};
  std::atomic<bool> is_failing_{false};

  std::mutex mutex_;
  std::condition_variable changed_;
  std::unique_ptr<io::File> file_;
  bool is_wanted_ = true;
  bool is_hurried_ = false;
  bool is_stopped_ = false;
  std::thread thread_;
};

}  // namespace matsuri::journal::internal
