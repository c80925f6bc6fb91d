// A program that runs beside the server and ends with it.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"

namespace matsuri::broadcast {

// Its standard input is empty; what it prints goes where ours goes, and nothing else that we have
// open is open in it. Signals of our terminal do not reach it. Not thread-safe, and start() is for
// a thread that lives as long as the child is wanted: the system ends it with that thread, also
// where we are killed.
class Child {
 public:
  Child() = default;
  ~Child() { end(0); }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  // REQUIRES: it does not run. Code::io with the reason where the program can't be started.
  Result<void> start(const std::vector<std::string>& words);
  // Looks, without waiting; how it ended is said once: "exit status 1", "signal 9".
  std::optional<std::string> ended();
  bool is_running() const { return process_ > 0; }
  void signal(int number) const;

  // Asks it to end, waits at most so long, then kills it. Nothing where it does not run.
  void end(std::int64_t patience_ms);

 private:
  std::optional<std::string> wait(int options);

  pid_t process_ = 0;
};

}  // namespace matsuri::broadcast
