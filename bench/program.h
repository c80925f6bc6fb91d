// Our own programs, as people run them: to their end, or beside a bench.
#pragma once

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include "bench/scratch.h"

namespace matsuri::bench {

// Benches lie in build/PRESET/bench, programs for people in build/PRESET.
inline std::string our_program(const std::string& name) {
  return std::filesystem::read_symlink("/proc/self/exe").parent_path().parent_path() / name;
}

// A process that ends with this object, and with this program. What it says goes into a file.
class Program {
 public:
  Program(std::vector<std::string> arguments, std::string log) : log_(std::move(log)) {
    std::vector<char*> pointers;
    for (std::string& argument : arguments) pointers.push_back(argument.data());
    pointers.push_back(nullptr);
    pid_ = ::fork();
    if (pid_ < 0) give_up("cannot fork");
    if (pid_ == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      const int out = ::open(log_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
      ::dup2(out, STDOUT_FILENO);
      ::dup2(out, STDERR_FILENO);
      ::execv(pointers[0], pointers.data());
      ::_exit(127);
    }
    handle_ = static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0));
    if (handle_ < 0) give_up("no handle of a process");
  }
  ~Program() { stop(); }
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  struct End {
    int status = -1;  // of exit(), or -1
    double cpu_seconds = 0;
    double memory_bytes = 0;  // the most that was resident at once
  };
  End wait() {
    // What the system counts at the end takes what fork() copied for the program's own.
    for (pollfd ended{.fd = handle_, .events = POLLIN, .revents = 0}; ::poll(&ended, 1, 20) == 0;)
      note_memory();
    int status = 0;
    rusage usage{};
    if (::wait4(pid_, &status, 0, &usage) != pid_) give_up("cannot wait for a process");
    ::close(handle_);
    pid_ = -1;
    const auto seconds = [](const timeval& time) {
      return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
    };
    return {.status = WIFEXITED(status) ? WEXITSTATUS(status) : -1,
            .cpu_seconds = seconds(usage.ru_utime) + seconds(usage.ru_stime),
            .memory_bytes = memory_bytes_};
  }
  // Asks it to end, and waits.
  End stop() {
    if (pid_ < 0) return {};
    ::kill(pid_, SIGTERM);
    return wait();
  }
  int pid() const { return pid_; }
  // All that it has said so far.
  std::string said() const {
    std::ifstream file(log_);
    return {std::istreambuf_iterator<char>(file), {}};
  }

 private:
  void note_memory() {
    std::ifstream file("/proc/" + std::to_string(pid_) + "/status");
    for (std::string line; std::getline(file, line);)
      if (line.starts_with("VmHWM:"))
        memory_bytes_ = std::max(memory_bytes_, std::strtod(line.c_str() + 6, nullptr) * 1024);
  }

  const std::string log_;
  pid_t pid_ = -1;
  int handle_ = -1;
  double memory_bytes_ = 0;
};

}  // namespace matsuri::bench
