// Whether requests should be sent here.
#pragma once

#include <atomic>
#include <cstdint>

namespace matsuri::ops {

// Where the process is in its life. Thread-safe.
class Readiness {
 public:
  enum class State : std::uint8_t { starting, serving, draining };

  void set(State state) { state_ = state; }
  State state() const { return state_; }

 private:
  std::atomic<State> state_{State::starting};
};

}  // namespace matsuri::ops
