#include "io/thread_pool.h"

#include <pthread.h>

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

#include "base/assert.h"

namespace matsuri::io {

struct ThreadPool::State {
  explicit State(ThreadPoolOptions chosen) : options(std::move(chosen)) {}

  void run();

  const ThreadPoolOptions options;
  mutable std::mutex mutex;
  std::condition_variable wake;
  std::deque<Task> queue;
  bool stops = false;
  std::vector<std::thread> threads;
};

void ThreadPool::State::run() {
  pthread_setname_np(pthread_self(), options.name.c_str());
  std::unique_lock lock(mutex);
  while (true) {
    wake.wait(lock, [this] { return stops || !queue.empty(); });
    if (queue.empty()) return;
    Task task = std::move(queue.front());
    queue.pop_front();
    lock.unlock();
    task();
    task = nullptr;  // What it holds may be large, or may submit again when it is destroyed.
    lock.lock();
  }
}

ThreadPool::ThreadPool(ThreadPoolOptions options)
    : state_(std::make_unique<State>(std::move(options))) {
  MATSURI_ASSERT(state_->options.name.size() <= 15, "the kernel's limit for a thread's name");
  MATSURI_ASSERT(state_->options.thread_count > 0 && state_->options.queue_count_max > 0);
  for (std::size_t index = 0; index < state_->options.thread_count; ++index)
    state_->threads.emplace_back([state = state_.get()] { state->run(); });
}

ThreadPool::~ThreadPool() {
  {
    const std::lock_guard lock(state_->mutex);
    state_->stops = true;
  }
  state_->wake.notify_all();
  for (std::thread& thread : state_->threads) thread.join();
}

Result<void> ThreadPool::submit(Task task) {
  {
    const std::lock_guard lock(state_->mutex);
    if (state_->queue.size() >= state_->options.queue_count_max)
      return Error(Code::busy, state_->options.name + " has " +
                                   std::to_string(state_->queue.size()) + " tasks waiting");
    state_->queue.push_back(std::move(task));
  }
  state_->wake.notify_one();
  return {};
}

std::size_t ThreadPool::queue_count() const {
  const std::lock_guard lock(state_->mutex);
  return state_->queue.size();
}

}  // namespace matsuri::io
