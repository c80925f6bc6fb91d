// Where a piece of work runs. Completions of asynchronous calls come back through the Executor that
// the caller names, so that a connection's state is only ever touched by its own thread.
#pragma once

#include <functional>

namespace matsuri::io {

using Task = std::move_only_function<void()>;

// post() is thread-safe, never blocks on the task, and runs tasks of one caller in order.
class Executor {
 public:
  virtual ~Executor() = default;
  virtual void post(Task task) = 0;
};

// Runs the task at once, on the thread that posts. For callers with no thread of their own.
class InlineExecutor final : public Executor {
 public:
  void post(Task task) override { task(); }
};

}  // namespace matsuri::io
