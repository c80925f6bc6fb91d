#include "io/process.h"

#include <sys/resource.h>

#include "base/assert.h"

namespace matsuri::io {

sigset_t block_signals(std::initializer_list<int> numbers) {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int number : numbers) {
    sigaddset(&signals, number);
    struct sigaction action = {};
    action.sa_handler = SIG_DFL;
    MATSURI_ASSERT(sigaction(number, &action, nullptr) == 0);
  }
  MATSURI_ASSERT(pthread_sigmask(SIG_BLOCK, &signals, nullptr) == 0);
  signal(SIGPIPE, SIG_IGN);
  return signals;
}

void raise_file_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace matsuri::io
