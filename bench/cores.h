// Which core a process runs on: a bench that says what a server does with one core keeps it there,
// and asks from another.
#pragma once

#include <sched.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <string>

#include "bench/scratch.h"

namespace matsuri::bench {

// All that this program was allowed at its start.
inline const cpu_set_t& all_cores() {
  static const cpu_set_t all = [] {
    cpu_set_t set;
    if (::sched_getaffinity(0, sizeof set, &set) != 0) give_up("cannot tell the cores");
    return set;
  }();
  return all;
}

inline cpu_set_t only_core(int core) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(core, &set);
  return set;
}

// The first of them, and the last: the same where there is one.
inline cpu_set_t serving_core() {
  int core = 0;
  while (!CPU_ISSET(core, &all_cores())) ++core;
  return only_core(core);
}
inline cpu_set_t asking_core() {
  int core = CPU_SETSIZE - 1;
  while (!CPU_ISSET(core, &all_cores())) --core;
  return only_core(core);
}

// As long as it lives, this thread and what it starts run on those cores alone.
class OnCores {
 public:
  explicit OnCores(const cpu_set_t& cores) {
    all_cores();
    if (::sched_getaffinity(0, sizeof before_, &before_) != 0 ||
        ::sched_setaffinity(0, sizeof cores, &cores) != 0)
      give_up("cannot choose a core");
  }
  ~OnCores() { ::sched_setaffinity(0, sizeof before_, &before_); }
  OnCores(const OnCores&) = delete;
  OnCores& operator=(const OnCores&) = delete;

 private:
  cpu_set_t before_{};
};

// The same for a process that runs already.
class ProcessOnCores {
 public:
  ProcessOnCores(pid_t pid, const cpu_set_t& cores) : pid_(pid) { move(cores); }
  ~ProcessOnCores() { move(all_cores()); }
  ProcessOnCores(const ProcessOnCores&) = delete;
  ProcessOnCores& operator=(const ProcessOnCores&) = delete;

 private:
  void move(const cpu_set_t& cores) const {
    std::error_code ignored;  // threads come and go
    for (const auto& thread :
         std::filesystem::directory_iterator("/proc/" + std::to_string(pid_) + "/task", ignored))
      ::sched_setaffinity(std::atoi(thread.path().filename().c_str()), sizeof cores, &cores);
  }

  const pid_t pid_;
};

}  // namespace matsuri::bench
