// Who wants to hear of each durable batch.
#pragma once

#include <functional>
#include <list>
#include <memory>
#include <mutex>

namespace matsuri::journal::internal {

// Thread-safe. When a handle is gone, its listener neither runs nor will run; so a listener must
// not drop its own handle.
class Listeners {
 public:
  std::shared_ptr<void> add(std::function<void()> listener) {
    const std::scoped_lock lock(state_->mutex);
    const auto at = state_->list.insert(state_->list.end(), std::move(listener));
    return {state_.get(), [state = state_, at](void*) {
              const std::scoped_lock held(state->mutex);
              state->list.erase(at);
            }};
  }

  void call() {
    const std::scoped_lock lock(state_->mutex);
    for (const auto& listener : state_->list) listener();
  }

 private:
  // Shared, so that a handle may outlive the writer.
  struct State {
    std::mutex mutex;
    std::list<std::function<void()>> list;
  };
  std::shared_ptr<State> state_ = std::make_shared<State>();
};

}  // namespace matsuri::journal::internal
