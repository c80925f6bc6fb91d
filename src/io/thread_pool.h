// A few threads for work that blocks (SQL reads, password hashes), with a bounded queue: what does
// not fit is refused at once, because a queue that grows only hides that we are too slow.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "base/result.h"
#include "io/executor.h"

namespace matsuri::io {

struct ThreadPoolOptions {
  std::string name;  // of its threads, at most 15 bytes
  std::size_t thread_count = 2;
  std::size_t queue_count_max = 1024;
};

// Thread-safe. Destroying it runs what was accepted, then joins.
class ThreadPool {
 public:
  explicit ThreadPool(ThreadPoolOptions options);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  // Code::busy where the queue is full.
  Result<void> submit(Task task);
  // Tasks that wait, those that run not counted.
  std::size_t queue_count() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace matsuri::io
