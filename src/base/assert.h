// Assertions that stay on in release builds: a process that no longer believes its own state must
// not go on answering. Never on input from a client, a disk or a peer: those get a Result.
#pragma once

#include <string_view>

namespace matsuri::internal {

// Logs the expression and its place, writes a backtrace to stderr, and aborts.
[[noreturn]] void assert_failed(std::string_view expression, std::string_view message,
                                const char* file, int line);

}  // namespace matsuri::internal

// MATSURI_ASSERT(count > 0) or MATSURI_ASSERT(count > 0, "a batch is never empty").
#define MATSURI_ASSERT(condition, ...)                                                        \
  do {                                                                                        \
    if (!(condition)) [[unlikely]]                                                            \
      ::matsuri::internal::assert_failed(#condition, std::string_view{__VA_ARGS__}, __FILE__, \
                                         __LINE__);                                           \
  } while (false)

// The same for hot loops: only in builds without NDEBUG.
#ifdef NDEBUG
#define MATSURI_DEBUG_ASSERT(condition, ...) \
  do {                                       \
  } while (false)
#else
#define MATSURI_DEBUG_ASSERT(condition, ...) MATSURI_ASSERT(condition __VA_OPT__(, ) __VA_ARGS__)
#endif
