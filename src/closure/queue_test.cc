// Goal: a line takes so many and no more, keeps their order, and lets its thread do other things in
// between.
#include "closure/queue.h"

#include <gtest/gtest.h>

#include <deque>
#include <vector>

namespace matsuri::closure {
namespace {

// Runs what was posted when it is told to.
class ManualExecutor final : public io::Executor {
 public:
  void post(io::Task task) override { tasks_.push_back(std::move(task)); }
  // False where there was nothing to run.
  bool run_one() {
    if (tasks_.empty()) return false;
    io::Task task = std::move(tasks_.front());
    tasks_.pop_front();
    task();
    return true;
  }

 private:
  std::deque<io::Task> tasks_;
};

TEST(Queue, TakesSoManyAndWorksThemOffInParts) {
  std::vector<std::vector<int>> parts;
  Queue<int> queue({.count_max = 10, .count_at_once = 4}, [&](io::Executor&, std::span<int> part) {
    parts.emplace_back(part.begin(), part.end());
  });
  ManualExecutor executor;
  for (int number = 0; number < 10; ++number) {
    EXPECT_EQ(queue.is_long(executor), number > 5) << number;
    EXPECT_TRUE(queue.put(executor, int{number}));
  }
  EXPECT_FALSE(queue.put(executor, 10));
  ManualExecutor other;  // has a line of its own
  EXPECT_TRUE(queue.put(other, -1));
  EXPECT_TRUE(executor.run_one());
  EXPECT_EQ(parts, (std::vector<std::vector<int>>{{0, 1, 2, 3}}));
  EXPECT_TRUE(queue.put(executor, 11));
  EXPECT_TRUE(executor.run_one());
  EXPECT_TRUE(executor.run_one());
  EXPECT_EQ(parts, (std::vector<std::vector<int>>{{0, 1, 2, 3}, {4, 5, 6, 7}, {8, 9, 11}}));
  EXPECT_FALSE(executor.run_one());
  EXPECT_TRUE(queue.put(executor, 12));
  EXPECT_TRUE(executor.run_one());
  EXPECT_EQ(parts.back(), std::vector{12});
}

TEST(Queue, WhatComesWhileItIsWorkedOffIsNotLost) {
  int count = 0;
  Queue<int>* filled = nullptr;
  Queue<int> queue({.count_max = 4, .count_at_once = 8},
                   [&](io::Executor& executor, std::span<int> part) {
                     count += static_cast<int>(part.size());
                     if (part.front() == 0) EXPECT_TRUE(filled->put(executor, 1));
                   });
  filled = &queue;
  ManualExecutor executor;
  EXPECT_TRUE(queue.put(executor, 0));
  while (executor.run_one()) {
  }
  EXPECT_EQ(count, 2);
}

}  // namespace
}  // namespace matsuri::closure
