// Where a thread that sends work hears what has become of it: answers run on that thread.
#pragma once

#include <condition_variable>
#include <mutex>
#include <utility>
#include <vector>

#include "io/executor.h"

namespace matsuri::bench {

// post(): any thread. run(): the one that waits for what it sent.
class Mailbox final : public io::Executor {
 public:
  void post(io::Task task) override {
    {
      const std::scoped_lock lock(mutex_);
      tasks_.push_back(std::move(task));
    }
    filled_.notify_one();
  }
  // Runs what has come; waits for the first.
  void run() {
    {
      std::unique_lock lock(mutex_);
      filled_.wait(lock, [&] { return !tasks_.empty(); });
      running_.swap(tasks_);
    }
    for (io::Task& task : running_) task();
    running_.clear();
  }

 private:
  std::mutex mutex_;
  std::condition_variable filled_;
  std::vector<io::Task> tasks_, running_;
};

}  // namespace matsuri::bench
