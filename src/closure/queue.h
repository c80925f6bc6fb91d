// Attempts that wait to be judged. A match costs many times what reading a request does, so a crowd
// that is larger than the processor can carry is read, counted and refused at once, and who was
// taken is answered soon.
#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <unordered_map>
#include <utility>
#include <vector>

#include "io/executor.h"

namespace matsuri::closure {

struct QueueOptions {
  // Of each I/O thread: some 15 ms of matches.
  std::size_t count_max = 256;
  // So many are judged, and kept by one sync, before the thread looks again for what has come: some
  // 2 ms.
  std::size_t count_at_once = 32;
};

// A line for each I/O thread, which is put into and worked off on that thread alone. Outlives the
// work in it; what waits when it ends is dropped.
template <class Work>
class Queue {
 public:
  // Gets what was put in, some at once, on the thread that put it in.
  using WorkOff = std::function<void(io::Executor&, std::span<Work>)>;

  Queue(QueueOptions options, WorkOff work_off)
      : options_(options), work_off_(std::move(work_off)) {}
  Queue(const Queue&) = delete;
  Queue& operator=(const Queue&) = delete;

  // On the executor's own thread. False where the line is full: `work` is as it was.
  bool put(io::Executor& executor, Work&& work) {
    Line& line = line_of(executor);
    if (line.waiting.size() >= options_.count_max) return false;
    line.waiting.push_back(std::move(work));
    if (!std::exchange(line.is_worked_off, true)) post(executor, line);
    return true;
  }

  // Whether the line is longer than half. What others will want to have judged later is better
  // refused now.
  bool is_long(io::Executor& executor) {
    return line_of(executor).waiting.size() > options_.count_max / 2;
  }

 private:
  struct Line {
    std::deque<Work> waiting;
    bool is_worked_off = false;  // the executor has a task that does it
  };

  Line& line_of(io::Executor& executor) {
    const std::lock_guard lock(mutex_);
    std::unique_ptr<Line>& line = lines_[&executor];
    if (line == nullptr) line = std::make_unique<Line>();
    return *line;
  }

  void post(io::Executor& executor, Line& line) {
    executor.post([this, &executor, &line] {
      std::vector<Work> part;
      for (; part.size() < options_.count_at_once && !line.waiting.empty();
           line.waiting.pop_front())
        part.push_back(std::move(line.waiting.front()));
      work_off_(executor, part);
      line.is_worked_off = !line.waiting.empty();
      if (line.is_worked_off) post(executor, line);
    });
  }

  const QueueOptions options_;
  const WorkOff work_off_;
  std::mutex mutex_;  // of the map alone
  std::unordered_map<io::Executor*, std::unique_ptr<Line>> lines_;
};

}  // namespace matsuri::closure
