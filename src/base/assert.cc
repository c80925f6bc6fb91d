#include "base/assert.h"

#include <execinfo.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

namespace matsuri::internal {

void assert_failed(std::string_view expression, std::string_view message, const char* file,
                   int line) {
  // Not through the log: its thread or its memory may be what is broken.
  std::fprintf(stderr, "%s:%d: assertion failed: %.*s%s%.*s\n", file, line,
               static_cast<int>(expression.size()), expression.data(), message.empty() ? "" : ": ",
               static_cast<int>(message.size()), message.data());
  void* frames[64];
  const int count = backtrace(frames, 64);
  backtrace_symbols_fd(frames, count, STDERR_FILENO);
  std::abort();
}

}  // namespace matsuri::internal
