// Independent pieces of work over a few threads. What comes out does not depend on how many.
#pragma once

#include <atomic>
#include <cstddef>
#include <thread>
#include <vector>

namespace matsuri::program_builder {

// Calls work(i) once for each i of [0, count), from `thread_count` threads; the caller's is one of
// them, and calls after() between its pieces. REQUIRES: work(i) writes what belongs to i alone.
template <class Work, class After>
void parallel_for(std::size_t count, int thread_count, Work work, After after) {
  std::atomic<std::size_t> next = 0;
  std::vector<std::jthread> others;
  for (int i = 1; i < thread_count; ++i)
    others.emplace_back([&] {
      for (std::size_t at = next++; at < count; at = next++) work(at);
    });
  for (std::size_t at = next++; at < count; at = next++) {
    work(at);
    after(at);
  }
}

}  // namespace matsuri::program_builder
