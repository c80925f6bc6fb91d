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
  Queue queue({.count_max = 10, .count_at_once = 4});
  ManualExecutor executor;
  std::vector<int> done;
  const auto put = [&](int number) {
    return queue.put(executor, [&done, number] { done.push_back(number); });
  };
  for (int number = 0; number < 10; ++number) {
    EXPECT_EQ(queue.is_long(executor), number > 5) << number;
    EXPECT_TRUE(put(number));
  }
  EXPECT_FALSE(put(10));
  ManualExecutor other;  // has a line of its own
  EXPECT_TRUE(queue.put(other, [&] { done.push_back(-1); }));
  EXPECT_TRUE(executor.run_one());
  EXPECT_EQ(done, (std::vector{0, 1, 2, 3}));
  EXPECT_TRUE(put(11));
  EXPECT_TRUE(executor.run_one());
  EXPECT_EQ(done, (std::vector{0, 1, 2, 3, 4, 5, 6, 7}));
  EXPECT_TRUE(executor.run_one());
  EXPECT_EQ(done, (std::vector{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 11}));
  EXPECT_FALSE(executor.run_one());
  EXPECT_TRUE(put(12));
  EXPECT_TRUE(executor.run_one());
  EXPECT_EQ(done.back(), 12);
}

TEST(Queue, WhatComesWhileItIsWorkedOffIsNotLost) {
  Queue queue({.count_max = 4, .count_at_once = 8});
  ManualExecutor executor;
  int count = 0;
  queue.put(executor, [&] {
    ++count;
    EXPECT_TRUE(queue.put(executor, [&] { ++count; }));
  });
  while (executor.run_one()) {
  }
  EXPECT_EQ(count, 2);
}

}  // namespace
}  // namespace matsuri::closure
