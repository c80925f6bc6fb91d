#include "base/time.h"

#include <gtest/gtest.h>

namespace matsuri {
namespace {

TEST(Time, WritesMillisecondsInUtc) {
  EXPECT_EQ(to_rfc3339(0), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(to_rfc3339(-1), "1969-12-31T23:59:59.999Z");
  EXPECT_EQ(to_rfc3339(1'262'304'000'000), "2010-01-01T00:00:00.000Z");
  EXPECT_EQ(to_rfc3339(1'709'209'845'007), "2024-02-29T12:30:45.007Z");
}

// Goal: what is written is read back. Method: steps of a prime number of milliseconds over decades.
TEST(Time, ReadsBackWhatItWrites) {
  for (std::int64_t ms = -1'000'000'000'000; ms < 4'000'000'000'000; ms += 7'777'777'777)
    EXPECT_EQ(parse_rfc3339(to_rfc3339(ms)), ms);
}

TEST(Time, TakesOffsetsAndFractions) {
  EXPECT_EQ(parse_rfc3339("2019-07-06T18:30:00.250+09:00"), 1'562'405'400'250);
  EXPECT_EQ(parse_rfc3339("2019-07-06t09:30:00.2509z"), 1'562'405'400'250);
  EXPECT_EQ(parse_rfc3339("2019-07-06T09:30:00-00:30"), 1'562'407'200'000);
  EXPECT_EQ(parse_rfc3339("2019-07-06T09:30:00.123456789Z"), 1'562'405'400'123);
}

TEST(Time, RefusesWhatIsNoTime) {
  for (const char* text : {"", "2019", "2019-07-06", "2019-07-06 09:30:00Z", "2019-07-06T09:30:00",
                           "2019-13-06T09:30:00Z", "2019-02-29T09:30:00Z", "2019-07-06T24:00:00Z",
                           "2019-07-06T09:60:00Z", "2019-07-06T09:30:60Z", "2019-07-06T09:30:00.Z",
                           "2019-07-06T09:30:00+24:00", "2019-07-06T09:30:00+0900",
                           "2019-07-06T09:30:00ZZ", "+019-07-06T09:30:00Z", "1562405400250"})
    EXPECT_EQ(parse_rfc3339(text), std::nullopt) << text;
}

}  // namespace
}  // namespace matsuri
