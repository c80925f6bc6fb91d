#include "io/clock.h"

#include <gtest/gtest.h>

namespace matsuri::io {
namespace {

TEST(SystemClock, IsNowAndNeverGoesBack) {
  const Clock& clock = system_clock();
  EXPECT_GT(clock.unix_ms(), 1'700'000'000'000);
  std::int64_t before = clock.monotonic_us();
  for (int round = 0; round < 1'000; ++round) {
    const std::int64_t now = clock.monotonic_us();
    ASSERT_GE(now, before);
    before = now;
  }
}

TEST(ManualClock, StepsTheWallClockAlone) {
  ManualClock clock(1'000);
  EXPECT_EQ(clock.unix_ms(), 1'000);
  clock.advance_ms(5);
  clock.step_ms(-100);
  EXPECT_EQ(clock.unix_ms(), 905);
  EXPECT_EQ(clock.monotonic_us(), 5'000);
}

}  // namespace
}  // namespace matsuri::io
