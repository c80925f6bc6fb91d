#include "io/random.h"

#include <gtest/gtest.h>

#include <array>
#include <set>
#include <vector>

namespace matsuri::io {
namespace {

TEST(SystemRandom, GivesOtherBytesEveryTime) {
  std::set<std::uint64_t> seen;
  for (int round = 0; round < 1'000; ++round) seen.insert(system_random().next_u64());
  EXPECT_EQ(seen.size(), 1'000U);
  std::vector<std::byte> large(1 << 20);  // More than one getrandom() gives at once.
  system_random().fill(large);
  // All of it is filled: 32 zero bytes at the end would be a wonder.
  EXPECT_NE(to_hex(Bytes(large).last(32)), std::string(64, '0'));
}

// Vectors of splitmix64 from its authors' reference code, seed 1234567.
TEST(SeededRandom, IsSplitmix64) {
  SeededRandom random(1234567);
  EXPECT_EQ(random.next_u64(), 6457827717110365317U);
  EXPECT_EQ(random.next_u64(), 3203168211198807973U);
  EXPECT_EQ(random.next_u64(), 9817491932198370423U);
}

TEST(SeededRandom, RepeatsFromItsSeed) {
  std::array<std::byte, 100> first, second, other;
  SeededRandom(5).fill(first);
  SeededRandom(5).fill(second);
  SeededRandom(6).fill(other);
  EXPECT_EQ(first, second);
  EXPECT_NE(first, other);
}

}  // namespace
}  // namespace matsuri::io
