#include "closure/queue.h"

#include <utility>

namespace matsuri::closure {

Queue::Line& Queue::line_of(io::Executor& executor) {
  const std::lock_guard lock(mutex_);
  std::unique_ptr<Line>& line = lines_[&executor];
  if (line == nullptr) line = std::make_unique<Line>();
  return *line;
}

bool Queue::put(io::Executor& executor, io::Task work) {
  Line& line = line_of(executor);
  if (line.waiting.size() >= options_.count_max) return false;
  line.waiting.push_back(std::move(work));
  if (std::exchange(line.is_worked_off, true)) return true;
  executor.post([this, &executor, &line] { work_off(executor, line); });
  return true;
}

bool Queue::is_long(io::Executor& executor) {
  return line_of(executor).waiting.size() > options_.count_max / 2;
}

void Queue::work_off(io::Executor& executor, Line& line) {
  for (std::size_t i = 0; i < options_.count_at_once && !line.waiting.empty(); ++i) {
    io::Task work = std::move(line.waiting.front());
    line.waiting.pop_front();
    work();
  }
  line.is_worked_off = !line.waiting.empty();
  if (line.is_worked_off) executor.post([this, &executor, &line] { work_off(executor, line); });
}

}  // namespace matsuri::closure
