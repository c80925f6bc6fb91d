// Goal: a child starts, is heard of when it ends, is ended gently or by force, and never outlives
// the one who started it.
#include "broadcast/child.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <thread>

namespace matsuri::broadcast {
namespace {

template <class Condition>
bool comes_true(Condition condition) {
  const auto due = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > due) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return true;
}

std::optional<std::string> wait_for_end(Child& child) {
  std::optional<std::string> ended;
  EXPECT_TRUE(comes_true([&] { return (ended = child.ended()).has_value(); }));
  return ended;
}

TEST(Child, SaysOnceHowItEnded) {
  Child child;
  ASSERT_TRUE(child.start({"/bin/sh", "-c", "exit 3"}).ok());
  EXPECT_EQ(wait_for_end(child), "exit status 3");
  EXPECT_FALSE(child.is_running());
  EXPECT_EQ(child.ended(), std::nullopt);
  ASSERT_TRUE(child.start({"/bin/sh", "-c", "kill -9 $$"}).ok());
  EXPECT_EQ(wait_for_end(child), "signal 9");
}

TEST(Child, WhatIsNoProgramIsAnError) {
  Child child;
  const Result<void> started = child.start({"/nowhere/program"});
  ASSERT_FALSE(started.ok());
  EXPECT_EQ(started.error().to_string().find("/nowhere/program") != std::string::npos, true);
  EXPECT_FALSE(child.is_running());
}

TEST(Child, IsAskedToEndAndGivenTime) {
  Child child;
  // It ends by itself, in its own way, when it is asked to.
  ASSERT_TRUE(
      child.start({"/bin/sh", "-c", "trap 'exit 0' TERM; while :; do sleep 0.01; done"}).ok());
  child.end(20'000);
  EXPECT_FALSE(child.is_running());
}

TEST(Child, IsKilledWhereItDoesNotListen) {
  Child child;
  ASSERT_TRUE(child.start({"/bin/sh", "-c", "trap '' TERM; while :; do sleep 0.01; done"}).ok());
  child.end(50);
  EXPECT_FALSE(child.is_running());
}

// What the parent closes is closed, though it was open when the child was started.
TEST(Child, HoldsNothingOfOursOpen) {
  int numbers[2];
  ASSERT_EQ(pipe(numbers), 0);
  Child child;
  ASSERT_TRUE(child.start({"/bin/sleep", "600"}).ok());
  ::close(numbers[1]);
  pollfd ends{.fd = numbers[0], .events = POLLIN, .revents = 0};
  EXPECT_EQ(poll(&ends, 1, 20'000), 1);
  EXPECT_TRUE(child.is_running());
  EXPECT_EQ(child.ended(), std::nullopt);
  ::close(numbers[0]);
}

TEST(Child, DoesNotOutliveUs) {
  int numbers[2];
  ASSERT_EQ(pipe(numbers), 0);
  const pid_t parent = fork();
  if (parent == 0) {
    Child child;
    dup2(numbers[1], STDOUT_FILENO);
    ::close(numbers[1]);
    if (child.start({"/bin/sh", "-c", "printf x; exec sleep 600"}).ok()) pause();
    _exit(1);
  }
  ::close(numbers[1]);
  char byte = 0;
  ASSERT_EQ(read(numbers[0], &byte, 1), 1);
  ASSERT_EQ(kill(parent, SIGKILL), 0);
  waitpid(parent, nullptr, 0);
  // It held the pipe open for as long as it lived.
  EXPECT_EQ(read(numbers[0], &byte, 1), 0);
  ::close(numbers[0]);
}

}  // namespace
}  // namespace matsuri::broadcast
