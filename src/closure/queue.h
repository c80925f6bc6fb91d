// Attempts that wait to be judged. A match costs many times what reading a request does, so a crowd
// that is larger than the processor can carry is read, counted and refused at once, and who was
// taken is answered soon.
#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
#include <unordered_map>

#include "io/executor.h"

namespace matsuri::closure {

struct QueueOptions {
  // Of each I/O thread: some 15 ms of matches.
  std::size_t count_max = 256;
  // So many are judged before the thread looks again for what has come: some 2 ms.
  std::size_t count_at_once = 32;
};

// A line for each I/O thread, which is put into and worked off on that thread alone. Outlives the
// work in it; what waits when it ends is dropped.
class Queue {
 public:
  explicit Queue(QueueOptions options) : options_(options) {}
  Queue(const Queue&) = delete;
  Queue& operator=(const Queue&) = delete;

  // On the executor's own thread. False where the line is full: nothing was taken.
  bool put(io::Executor& executor, io::Task work);
  // Whether the line is longer than half. What others will want to have judged later is better
  // refused now.
  bool is_long(io::Executor& executor);

 private:
  struct Line {
    std::deque<io::Task> waiting;
    bool is_worked_off = false;  // the executor has a task that does it
  };
  Line& line_of(io::Executor& executor);
  void work_off(io::Executor& executor, Line& line);

  const QueueOptions options_;
  std::mutex mutex_;  // of the map alone
  std::unordered_map<io::Executor*, std::unique_ptr<Line>> lines_;
};

}  // namespace matsuri::closure
