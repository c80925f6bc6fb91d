#include "program_builder/clock_text.h"

#include <gtest/gtest.h>

namespace matsuri::program_builder {
namespace {

TEST(ClockText, IsReadBack) {
  for (const std::uint32_t ms : {0U, 1U, 10U, 100U, 1'000U, 59'999U, 60'000U, 3'599'900U,
                                 3'600'000U, 21'600'000U, 359'999'999U})
    EXPECT_EQ(parse_clock(clock_text(ms)), ms) << clock_text(ms);
  EXPECT_EQ(clock_text(3'725'500), "01:02:05.5");
  EXPECT_EQ(clock_text(300'000), "00:05:00");
}

TEST(ClockText, TakesMinutesAndFractions) {
  EXPECT_EQ(parse_clock("05:00"), 300'000U);
  EXPECT_EQ(parse_clock("05:00.25"), 300'250U);
  EXPECT_EQ(parse_clock("00:00:00.007"), 7U);
}

TEST(ClockText, RefusesAllElse) {
  for (const char* text :
       {"", "5", "5:00", "00:60", "00:00:60", "00:60:00", "00:00:00.", "00:00:00.1234", "00:00:00x",
        "00:00:00:00", "-0:00:01", " 00:01", "00:01 ", "00::01", "a0:00", "00:00.x"})
    EXPECT_FALSE(parse_clock(text)) << text;
}

}  // namespace
}  // namespace matsuri::program_builder
