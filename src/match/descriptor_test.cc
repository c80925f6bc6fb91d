#include "match/descriptor.h"

#include <gtest/gtest.h>

namespace matsuri::match {
namespace {

Descriptor made(std::size_t frame_count, std::size_t step_ms) {
  Descriptor descriptor{.frame_count = frame_count};
  for (std::size_t i = 0; i < frame_count; ++i) {
    descriptor.frames[i].t_ms = static_cast<std::uint16_t>(i * step_ms);
    for (std::size_t k = 0; k < patterns_per_block; ++k)
      descriptor.frames[i].values[k] = static_cast<std::int8_t>((i * 7 + k * 13) % 41) - 20;
  }
  return descriptor;
}

bool is_refused(const std::string& wire) {
  const Result<Descriptor> read = parse(as_bytes(wire));
  return !read.ok() && read.error().code() == Code::invalid;
}

TEST(Parse, ReadsWhatWasPacked) {
  for (std::size_t count = frame_count_min; count <= frame_count_max; ++count) {
    const Descriptor descriptor = made(count, 140);
    const std::string wire = pack(descriptor);
    EXPECT_EQ(wire.size(), 4 + 18 * count);
    const Result<Descriptor> read = parse(as_bytes(wire));
    ASSERT_TRUE(read.ok()) << read.error().to_string();
    EXPECT_EQ(*read, descriptor);
    EXPECT_EQ(pack(*read), wire);
  }
}

TEST(Parse, RefusesEveryOtherLength) {
  const std::string wire = pack(made(frame_count_max, slot_ms));
  for (std::size_t size = 0; size < wire.size(); ++size)
    EXPECT_TRUE(is_refused(wire.substr(0, size))) << size;
  EXPECT_TRUE(is_refused(wire + '\0'));
  EXPECT_TRUE(is_refused(wire + wire));
}

TEST(Parse, RefusesOtherHeaders) {
  const std::string wire = pack(made(frame_count_max, slot_ms));
  for (std::size_t at = 0; at < 4; ++at) {
    for (int value = 0; value < 256; ++value) {
      std::string other = wire;
      other[at] = static_cast<char>(value);
      EXPECT_EQ(is_refused(other), other != wire) << at << ' ' << value;
    }
  }
  EXPECT_TRUE(is_refused(pack(made(frame_count_min - 1, slot_ms))));
}

TEST(Parse, RefusesTimesThatDoNotGrowFromZero) {
  for (std::size_t i = 1; i < frame_count_min; ++i) {
    Descriptor descriptor = made(frame_count_min, 140);
    descriptor.frames[i].t_ms = descriptor.frames[i - 1].t_ms;
    EXPECT_TRUE(is_refused(pack(descriptor))) << i;
    descriptor.frames[i].t_ms = static_cast<std::uint16_t>(descriptor.frames[i].t_ms + 1);
    EXPECT_FALSE(is_refused(pack(descriptor))) << i;
  }
  Descriptor descriptor = made(frame_count_min, 140);
  descriptor.frames[0].t_ms = 1;
  EXPECT_TRUE(is_refused(pack(descriptor)));
}

TEST(Parse, LimitsHowLongABurstLasts) {
  for (const auto& [ms, is_good] :
       {std::pair{1'399, false}, {1'400, true}, {3'400, true}, {3'401, false}, {65'535, false}}) {
    Descriptor descriptor = made(frame_count_min, 100);
    descriptor.frames[frame_count_min - 1].t_ms = static_cast<std::uint16_t>(ms);
    EXPECT_EQ(!is_refused(pack(descriptor)), is_good) << ms;
  }
}

// -128 has no opposite, and no phone that keeps the definition sends it.
TEST(Parse, RefusesTheValueBelowTheLast) {
  Descriptor descriptor = made(frame_count_max, slot_ms);
  descriptor.frames[5].values[3] = -127;
  EXPECT_FALSE(is_refused(pack(descriptor)));
  descriptor.frames[5].values[3] = -128;
  EXPECT_TRUE(is_refused(pack(descriptor)));
}

// Goal: nothing-pictures are told apart before they are searched. Method: the energy by hand.
TEST(Flat, IsWhatHasLessThanAQuarterOfTheFloor) {
  Descriptor descriptor = made(24, slot_ms);
  EXPECT_FALSE(is_flat(descriptor));
  for (Frame& frame : descriptor.frames) frame.values.fill(0);
  EXPECT_TRUE(is_flat(descriptor));
  // A still: a quarter of its energy counts, v^2 / 4 a value beside a floor of 25.6 / 4.
  for (Frame& frame : descriptor.frames) frame.values.fill(5);
  EXPECT_TRUE(is_flat(descriptor));  // 6.25 < 6.4
  for (Frame& frame : descriptor.frames) frame.values.fill(6);
  EXPECT_FALSE(is_flat(descriptor));
  // What moves counts whole: (9 + 0 + 9) / 3 = 6, and (9 + 4 + 9) / 3 without .75 * (2 / 3)^2 = 7.
  for (std::size_t i = 0; i < 24; ++i)
    descriptor.frames[i].values.fill(i < 8 ? 3 : i < 16 ? 0 : -3);
  EXPECT_TRUE(is_flat(descriptor));
  for (std::size_t i = 8; i < 16; ++i) descriptor.frames[i].values.fill(2);
  EXPECT_FALSE(is_flat(descriptor));
}

TEST(Tau, AsksMoreOfShortBursts) {
  EXPECT_EQ(tau(12), .50F);
  EXPECT_EQ(tau(15), .50F);
  EXPECT_EQ(tau(16), .45F);
  EXPECT_EQ(tau(24), .45F);
}

}  // namespace
}  // namespace matsuri::match
