#include "model/position.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <utility>

namespace matsuri {
namespace {

Position position(unsigned node, std::uint64_t offset) {
  return {.origin = {.region = Region{1},
                     .node = static_cast<Node>(node),
                     .incarnation = 0x0123456789abcdefU + node},
          .offset = offset};
}

TEST(Position, HasOneText) {
  const Position plain = {
      .origin = {.region = Region{0}, .node = Node{1}, .incarnation = 0x89abcdef01234567U},
      .offset = 42};
  EXPECT_EQ(plain.to_string(), "0.1.89abcdef01234567.42");
  EXPECT_EQ(plain.origin.to_string(), "0.1.89abcdef01234567");
  EXPECT_EQ(Position::parse("0.1.89abcdef01234567.42").value(), plain);
  const Position largest = {.origin = {.region = Region{7}, .node = Node{255}, .incarnation = 1},
                            .offset = ~std::uint64_t{0}};
  EXPECT_EQ(largest.to_string(), "7.255.0000000000000001.18446744073709551615");
  EXPECT_EQ(Position::parse(largest.to_string()).value(), largest);
}

TEST(Position, RefusesEveryOtherText) {
  for (const char* bad : {"",
                          ".",
                          "...",
                          "0.1.89abcdef01234567",
                          "0.1.89abcdef01234567.",
                          "0.1.89abcdef01234567.42.",
                          "0.1.89abcdef01234567.42.1",
                          "8.1.89abcdef01234567.42",
                          "0.256.89abcdef01234567.42",
                          "0.1.89ABCDEF01234567.42",
                          "0.1.9abcdef01234567.42",
                          "0.1.089abcdef01234567.42",
                          "00.1.89abcdef01234567.42",
                          "0.01.89abcdef01234567.42",
                          "0.1.89abcdef01234567.042",
                          "-0.1.89abcdef01234567.42",
                          "0.1.89abcdef01234567.-1",
                          "0.1.89abcdef01234567.+1",
                          "0.1.89abcdef01234567.18446744073709551616",
                          " 0.1.89abcdef01234567.42",
                          "0.1.89abcdef0123456g.42",
                          "0.1.89abcdef01234567.4 2"}) {
    const auto parsed = Position::parse(bad);
    ASSERT_FALSE(parsed.ok()) << bad;
    EXPECT_EQ(parsed.error().code(), Code::invalid);
  }
}

TEST(PositionSet, KeepsTheLargestOfEachOrigin) {
  PositionSet set;
  EXPECT_TRUE(set.empty());
  set.raise(position(1, 0));
  EXPECT_TRUE(set.empty()) << "before the first record there is nothing to wait for";
  set.raise(position(1, 5));
  set.raise(position(2, 9));
  set.raise(position(1, 3));
  EXPECT_EQ(set.positions(), (std::vector{position(1, 5), position(2, 9)}));
  set.raise(position(1, 6));
  EXPECT_EQ(set.positions(), (std::vector{position(2, 9), position(1, 6)})) << "moved last";

  PositionSet other;
  other.raise(position(3, 1));
  other.raise(position(2, 10));
  set.raise(other);
  EXPECT_EQ(set.positions(), (std::vector{position(1, 6), position(3, 1), position(2, 10)}));
}

TEST(PositionSet, DropsTheOriginThatMovedLongestAgo) {
  PositionSet set;
  for (unsigned node = 0; node < position_origin_count_max; ++node) set.raise(position(node, 1));
  set.raise(position(0, 2));
  set.raise(position(100, 1));
  EXPECT_EQ(set.positions().size(), position_origin_count_max);
  EXPECT_EQ(set.positions().front(), position(2, 1));
  EXPECT_EQ(set.positions().back(), position(100, 1));
  EXPECT_LE(set.to_token().size(), position_token_size_max);
}

TEST(PositionSet, GoesThroughItsToken) {
  PositionSet set;
  EXPECT_TRUE(PositionSet::from_token(set.to_token()).value().empty());
  for (unsigned node = 0; node < position_origin_count_max; ++node) {
    set.raise(position(node, ~std::uint64_t{0} - node));
    const std::string token = set.to_token();
    EXPECT_EQ(token.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                      "0123456789-_"),
              std::string::npos);
    const auto back = PositionSet::from_token(token);
    ASSERT_TRUE(back.ok()) << back.error().to_string();
    EXPECT_EQ(back->positions(), set.positions());
  }
}

// The bytes of a token are kept by clients over an upgrade of the server.
TEST(PositionSet, HasAStableToken) {
  PositionSet set;
  set.raise({.origin = {.region = Region{1}, .node = Node{2}, .incarnation = 0x0807060504030201U},
             .offset = 0x11});
  EXPECT_EQ(set.to_token(), "AQECAQIDBAUGBwgRAAAAAAAAAA");
}

// Goal: nothing but our own tokens gets in. Method: change every character to every other, cut at
// every length, and hold that whatever is taken gives the same token again.
TEST(PositionSet, TakesNothingThatItWouldNotGive) {
  PositionSet set;
  set.raise(position(1, 77));
  set.raise(position(2, 78));
  const std::string token = set.to_token();
  int taken = 0, refused = 0;
  const auto look = [&](const std::string& text) {
    const auto got = PositionSet::from_token(text);
    if (got.ok()) {
      ++taken;
      ASSERT_EQ(got->to_token(), text);
    } else {
      ++refused;
      ASSERT_EQ(got.error().code(), Code::invalid);
    }
  };
  for (std::size_t at = 0; at < token.size(); ++at) {
    look(token.substr(0, at));
    look(token.substr(0, at) + '=' + token.substr(at));
    look(token + token.substr(0, at));
    for (unsigned character = 0; character < 256; ++character) {
      std::string other = token;
      other[at] = static_cast<char>(character);
      look(other);
    }
  }
  EXPECT_GT(taken, 100);
  EXPECT_GT(refused, 1'000);
}

TEST(PositionSet, RefusesWhatIsWellFormedButWrong) {
  const auto entry = [](unsigned region, unsigned node, std::uint64_t offset) {
    return Position{.origin = {.region = static_cast<Region>(region),
                               .node = static_cast<Node>(node),
                               .incarnation = 5},
                    .offset = offset};
  };
  PositionSet good;
  good.raise(entry(7, 1, 1));
  ASSERT_TRUE(PositionSet::from_token(good.to_token()).ok());
  PositionSet far;
  far.raise(entry(8, 1, 1));
  EXPECT_FALSE(PositionSet::from_token(far.to_token()).ok()) << "no such region";

  // The first 24 characters are 18 whole bytes: the version and all but one of an entry.
  const std::string one = good.to_token();
  EXPECT_FALSE(PositionSet::from_token("").ok());
  EXPECT_FALSE(PositionSet::from_token("AA").ok()) << "version 0";
  EXPECT_FALSE(PositionSet::from_token("Ag").ok()) << "version 2";
  EXPECT_FALSE(PositionSet::from_token("AR").ok()) << "stray bits";
  EXPECT_FALSE(PositionSet::from_token("AQ==").ok()) << "padding";
  EXPECT_FALSE(PositionSet::from_token("AQ\n").ok());
  EXPECT_FALSE(PositionSet::from_token(one.substr(0, 24)).ok()) << "cut short";
  EXPECT_FALSE(PositionSet::from_token("AQcBBQAAAAAAAAAAAAAAAAAAAA").ok()) << "offset 0";
  EXPECT_FALSE(PositionSet::from_token("AQcBBQAAAAAAAAABAAAAAAAAAAcBBQAAAAAAAAACAAAAAAAAAA").ok())
      << "an origin twice";
  EXPECT_FALSE(PositionSet::from_token(std::string(513, 'A')).ok()) << "too long";
  EXPECT_FALSE(PositionSet::from_token("AQ" + std::string(400, 'A')).ok()) << "too many";
}

}  // namespace
}  // namespace matsuri
