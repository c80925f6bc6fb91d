// fork() and exec() by hand, because nothing of the C library ties a child's life to its parent's.
#include "broadcast/child.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <thread>

#include "base/assert.h"

namespace matsuri::broadcast {
namespace {

constexpr auto look_again = std::chrono::milliseconds(5);

// In the child, where only what a signal handler may do is allowed. Tells an error and ends.
[[noreturn]] void become(char* const* words, int errors, pid_t parent) {
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  setpgid(0, 0);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(1);  // it ended before we could ask
  const int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
  dup2(nothing, STDIN_FILENO);
  // Else it would hold our clients' connections, and one that we close would look open to them:
  // what they send arrives, and nobody answers. Asio opens sockets without O_CLOEXEC.
  if (close_range(STDERR_FILENO + 1, ~0U, CLOSE_RANGE_CLOEXEC) == 0) execv(words[0], words);
  const int error = errno;
  [[maybe_unused]] const ssize_t written = write(errors, &error, sizeof error);
  _exit(127);
}

}  // namespace

Result<void> Child::start(const std::vector<std::string>& words) {
  MATSURI_ASSERT(!is_running());
  std::vector<char*> arguments;
  for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  int errors[2];
  if (pipe2(errors, O_CLOEXEC) != 0) return Error(Code::io, "no pipe for " + words[0]);
  const pid_t parent = getpid();
  const pid_t process = fork();
  if (process == 0) become(arguments.data(), errors[1], parent);
  ::close(errors[1]);
  int error = process < 0 ? errno : 0;
  if (process > 0 && read(errors[0], &error, sizeof error) != sizeof error) error = 0;
  ::close(errors[0]);
  if (process > 0 && error != 0) waitpid(process, nullptr, 0);
  if (error != 0) return Error(Code::io, words[0] + ": " + std::strerror(error));
  process_ = process;
  return {};
}

std::optional<std::string> Child::wait(int options) {
  if (process_ == 0) return std::nullopt;
  int status = 0;
  const pid_t found = waitpid(process_, &status, options);
  if (found == 0 || (found < 0 && errno == EINTR)) return std::nullopt;
  process_ = 0;
  if (WIFSIGNALED(status)) return "signal " + std::to_string(WTERMSIG(status));
  return "exit status " + std::to_string(WEXITSTATUS(status));
}

std::optional<std::string> Child::ended() { return wait(WNOHANG); }

void Child::signal(int number) const {
  if (process_ > 0) ::kill(process_, number);
}

void Child::end(std::int64_t patience_ms) {
  signal(SIGTERM);
  const auto due = std::chrono::steady_clock::now() + std::chrono::milliseconds(patience_ms);
  while (is_running() && !ended() && std::chrono::steady_clock::now() < due)
    std::this_thread::sleep_for(look_again);
  signal(SIGKILL);
  while (is_running()) wait(0);
}

}  // namespace matsuri::broadcast
