#include "base/result.h"

#include <gtest/gtest.h>

#include <memory>

#include "base/assert.h"

namespace matsuri {
namespace {

Result<int> half(int number) {
  if (number % 2 != 0) return Error(Code::invalid, "odd");
  return number / 2;
}

Result<std::unique_ptr<int>> quarter(int number) {
  TRY_ASSIGN(const int once, half(number));
  int twice = 0;
  TRY_ASSIGN(twice, half(once));
  return std::make_unique<int>(twice);
}

Result<void> check(int number) {
  TRY(half(number));
  return {};
}

TEST(Result, CarriesAValueOrAnError) {
  EXPECT_TRUE(half(4).ok());
  EXPECT_EQ(half(4).value(), 2);
  EXPECT_FALSE(half(3).ok());
  EXPECT_EQ(half(3).error().code(), Code::invalid);
  EXPECT_EQ(half(3).error().to_string(), "invalid: odd");
}

TEST(Result, LeavesEarlyWithTheFirstError) {
  EXPECT_EQ(*quarter(8).value(), 2) << "also with what can only be moved";
  EXPECT_EQ(quarter(3).error().message(), "odd");
  EXPECT_EQ(quarter(6).error().message(), "odd");
  EXPECT_TRUE(check(2).ok());
  EXPECT_FALSE(check(1).ok());
}

TEST(Result, GathersContextOnTheWayUp) {
  EXPECT_EQ(within("count", within("halve", half(1))).error().to_string(),
            "invalid: count: halve: odd");
  EXPECT_EQ(within("count", half(2)).value(), 1);
}

// The names are part of the API: whoever changes one breaks clients.
TEST(Code, KeepsItsNamesAndNumbers) {
  constexpr const char* names[] = {"invalid", "denied", "not_found", "conflict",       "exhausted",
                                   "busy",    "io",     "corrupt",   "unauthenticated"};
  for (std::uint8_t number = 1; number <= 9; ++number)
    EXPECT_EQ(name_of(static_cast<Code>(number)), names[number - 1]);
}

TEST(AssertDeathTest, StopsTheProcessAndSaysWhy) {
  const int two = 2;
  MATSURI_ASSERT(two == 2);
  EXPECT_DEATH(MATSURI_ASSERT(two == 3, "two is not three"),
               "result_test.cc:[0-9]+: assertion failed: two == 3: two is not three");
  EXPECT_DEATH(MATSURI_ASSERT(two == 3), "assertion failed: two == 3\n");
}

}  // namespace
}  // namespace matsuri
