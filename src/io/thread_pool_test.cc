#include "io/thread_pool.h"

#include <gtest/gtest.h>
#include <pthread.h>

#include <atomic>
#include <future>
#include <thread>
#include <vector>

namespace matsuri::io {
namespace {

TEST(ThreadPool, RefusesWhatDoesNotFitAndRunsAllItAccepted) {
  std::atomic<int> ran = 0;
  std::promise<void> gate;
  const std::shared_future<void> open = gate.get_future().share();
  {
    ThreadPool pool({.name = "test", .thread_count = 1, .queue_count_max = 3});
    std::promise<void> running;
    ASSERT_TRUE(pool.submit([&] {
                      running.set_value();
                      open.wait();
                      ++ran;
                    })
                    .ok());
    running.get_future().wait();
    for (int task = 0; task < 3; ++task) ASSERT_TRUE(pool.submit([&] { ++ran; }).ok());
    EXPECT_EQ(pool.queue_count(), 3U);
    const auto refused = pool.submit([&] { ran += 1000; });
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().code(), Code::busy);
    gate.set_value();
  }
  EXPECT_EQ(ran, 4);
}

TEST(ThreadPool, RunsAsManyTasksAtOnceAsItHasThreads) {
  ThreadPool pool({.name = "test", .thread_count = 3, .queue_count_max = 3});
  std::atomic<int> arrived = 0;
  std::vector<std::promise<void>> done(3);
  for (std::promise<void>& one : done)
    ASSERT_TRUE(pool.submit([&] {
                      ++arrived;
                      while (arrived < 3) std::this_thread::yield();  // Hangs with fewer threads.
                      one.set_value();
                    })
                    .ok());
  for (std::promise<void>& one : done) one.get_future().wait();
}

TEST(ThreadPool, NamesItsThreadsAndTakesTasksThatOwn) {
  ThreadPool pool({.name = "hash", .thread_count = 1});
  std::promise<std::string> name;
  auto owned = std::make_unique<std::promise<std::string>>(std::move(name));
  auto future = owned->get_future();
  ASSERT_TRUE(pool.submit([owned = std::move(owned)] {
                    char buffer[16];
                    pthread_getname_np(pthread_self(), buffer, sizeof buffer);
                    owned->set_value(buffer);
                  })
                  .ok());
  EXPECT_EQ(future.get(), "hash");
}

TEST(ThreadPool, RunsEachTaskOnceUnderManySubmitters) {
  constexpr int thread_count = 4, task_count = 2'000;
  std::vector<std::atomic<int>> ran(thread_count * task_count);
  {
    ThreadPool pool({.name = "test", .thread_count = 2, .queue_count_max = 16});
    std::vector<std::thread> submitters;
    for (int thread = 0; thread < thread_count; ++thread)
      submitters.emplace_back([&, thread] {
        for (int task = 0; task < task_count; ++task) {
          auto& slot = ran[static_cast<std::size_t>(thread * task_count + task)];
          while (!pool.submit([&slot] { ++slot; }).ok()) std::this_thread::yield();
        }
      });
    for (std::thread& thread : submitters) thread.join();
  }
  for (const std::atomic<int>& count : ran) ASSERT_EQ(count, 1);
}

}  // namespace
}  // namespace matsuri::io
