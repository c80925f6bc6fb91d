#include "model/ids.h"

#include <gtest/gtest.h>

#include <array>
#include <limits>
#include <unordered_set>

namespace matsuri {
namespace {

TEST(Ids, LieInTheirBits) {
  EXPECT_EQ(compose_id({.unix_ms = id_epoch_unix_ms}), 0U);
  EXPECT_EQ(compose_id({.unix_ms = id_epoch_unix_ms, .sequence = 2047}), 0x7ffU);
  EXPECT_EQ(compose_id({.unix_ms = id_epoch_unix_ms, .node = Node{255}}), 0xffU << 11);
  EXPECT_EQ(compose_id({.unix_ms = id_epoch_unix_ms, .region = Region{7}}), 0x7U << 19);
  EXPECT_EQ(compose_id({.unix_ms = id_epoch_unix_ms + 1}), 1U << 22);
  EXPECT_EQ(compose_id({.unix_ms = id_epoch_unix_ms + id_ms_max,
                        .region = Region{7},
                        .node = Node{255},
                        .sequence = 2047}),
            static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()));
  // 2026-11-21T22:30:00.123Z, worked out by hand: docs and clients rely on it.
  EXPECT_EQ(
      compose_id(
          {.unix_ms = 1'795'300'200'123, .region = Region{2}, .node = Node{3}, .sequence = 4}),
      (532'996'200'123U << 22) + (2U << 19) + (3U << 11) + 4);
}

TEST(Ids, ComeApartAsTheyWereComposed) {
  for (const std::int64_t ms : {std::int64_t{0}, std::int64_t{1}, id_ms_max / 3, id_ms_max})
    for (unsigned region = 0; region < 8; ++region)
      for (const unsigned node : {0U, 1U, 127U, 254U, 255U})
        for (const auto sequence : std::to_array<std::uint16_t>({0, 1, 1024, 2047})) {
          const IdParts parts = parts_of(compose_id({.unix_ms = id_epoch_unix_ms + ms,
                                                     .region = static_cast<Region>(region),
                                                     .node = static_cast<Node>(node),
                                                     .sequence = sequence}));
          ASSERT_EQ(parts.unix_ms, id_epoch_unix_ms + ms);
          ASSERT_EQ(static_cast<unsigned>(parts.region), region);
          ASSERT_EQ(static_cast<unsigned>(parts.node), node);
          ASSERT_EQ(parts.sequence, sequence);
        }
}

TEST(IdsDeathTest, AreOfTheirTime) {
  EXPECT_DEATH(compose_id({.unix_ms = id_epoch_unix_ms - 1}), "2010");
  EXPECT_DEATH(compose_id({.unix_ms = id_epoch_unix_ms + id_ms_max + 1}), "2079");
}

TEST(ParseId, TakesOnlyThePlainForm) {
  EXPECT_EQ(parse_id("1"), 1U);
  EXPECT_EQ(parse_id("9223372036854775807"), (std::uint64_t{1} << 63) - 1);
  for (const char* bad : {"", "0", "00", "01", "-1", "+1", " 1", "1 ", "1.0", "1e3", "0x1", "a",
                          "9223372036854775808", "9999999999999999999", "18446744073709551617",
                          "10000000000000000000", "١", "1\n"})
    EXPECT_EQ(parse_id(bad), std::nullopt) << bad;
  EXPECT_EQ(parse_id(std::string_view("1\0", 2)), std::nullopt);
  EXPECT_EQ(parse_id_as<PostId>("42"), PostId{42});
  EXPECT_EQ(parse_id_as<PostId>("x"), std::nullopt);
}

TEST(Id, IsNothingUntilSet) {
  EXPECT_FALSE(PostId{});
  EXPECT_TRUE(PostId{1});
  EXPECT_LT(PostId{1}, PostId{2});
  EXPECT_EQ(PostId{42}.to_string(), "42");
  const std::unordered_set<PostId> posts = {PostId{1}, PostId{2}, PostId{1}};
  EXPECT_EQ(posts.size(), 2U);
}

}  // namespace
}  // namespace matsuri
