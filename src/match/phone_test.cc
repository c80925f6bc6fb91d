// Whether bursts of simulated phones are recognised, and what others try is not. Seeds are fixed:
// it is the code that may change here, not the luck. What is counted is printed.
#include "match/testing/phone.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "match/match.h"

namespace matsuri::match::testing {
namespace {

constexpr std::size_t burst_count = 40;
constexpr double crop_error = .04;
constexpr std::int32_t reach = 30;  // rows that a check-in searches on both sides of its moment

Seed seed_of(std::size_t number, std::uint8_t kind = 0) {
  return {static_cast<std::uint8_t>(number), static_cast<std::uint8_t>(number >> 8), kind};
}

std::vector<Filmed> film_all(const Footage& footage, std::uint32_t seed) {
  std::mt19937 random(seed);
  std::vector<Filmed> out;
  for (std::size_t i = 0; i < burst_count; ++i) out.push_back(film(footage, random, crop_error));
  return out;
}

// Filming takes seconds, so all tests look at the same bursts.
struct World {
  MadeReference reference{broadcast()};
  std::vector<Filmed> viewers = film_all(broadcast(), 901);
  std::vector<Filmed> others = film_all(other_channel(), 902);

  static const World& get() {
    static const World world;
    return world;
  }

  Match around(const Patterns& patterns, const Descriptor& descriptor, std::int32_t row) const {
    return best(patterns, descriptor, reference.view(),
                {.from_row = row - reach, .to_row = row + reach});
  }
};

// Attempts, how many of them count, and the best that one of them scored.
struct Tally {
  std::size_t count = 0;
  std::size_t accepted = 0;
  float best_score = -1;

  void add(const Match& match, const Descriptor& descriptor) {
    if (match.row == no_row) return;
    ++count;
    if (match.score > tau(descriptor.frame_count)) ++accepted;
    best_score = std::max(best_score, match.score);
  }
  // At every second of the programme.
  void add_everywhere(const World& world, const Patterns& patterns, const Descriptor& descriptor) {
    for (std::int32_t row = reach; row < static_cast<std::int32_t>(world.reference.row_count());
         row += static_cast<std::int32_t>(rows_per_second))
      add(world.around(patterns, descriptor, row), descriptor);
  }
  double share() const { return static_cast<double>(accepted) / static_cast<double>(count); }
  void show(const char* what) const {
    std::printf("%s: %zu of %zu accepted, best score %.3f\n", what, accepted, count,
                static_cast<double>(best_score));
  }
};

// Goal: who watches is recognised, though the server's clock is off by up to 1.5 s.
TEST(Phone, IsRecognised) {
  const World& world = World::get();
  std::mt19937 random(1);
  Tally tally;
  std::size_t right_count = 0;
  for (std::size_t i = 0; i < burst_count; ++i) {
    const Patterns patterns(seed_of(i / 10));
    const Descriptor descriptor = world.viewers[i].describe(patterns);
    ASSERT_TRUE(parse(as_bytes(pack(descriptor))).ok());
    const double clock_error = static_cast<double>(random() % 3'001) / 1'000 - 1.5;
    const auto row = static_cast<std::int32_t>((world.viewers[i].begin_s + clock_error) * 10);
    const Match match = world.around(patterns, descriptor, row);
    tally.add(match, descriptor);
    if (std::abs(match.row - static_cast<std::int32_t>(world.viewers[i].begin_s * 10)) <= 2)
      ++right_count;
  }
  tally.show("viewers");
  EXPECT_EQ(tally.count, burst_count);
  EXPECT_GE(tally.share(), .85);
  EXPECT_GE(right_count, burst_count * 85 / 100);
}

TEST(Phone, IsNotRecognisedBeforeAnotherChannel) {
  const World& world = World::get();
  Tally tally;
  for (std::size_t i = 0; i < burst_count; ++i) {
    const Patterns patterns(seed_of(i / 10));
    tally.add_everywhere(world, patterns, world.others[i].describe(patterns));
  }
  tally.show("other channel");
  EXPECT_GT(tally.count, burst_count * 50);
  EXPECT_EQ(tally.accepted, 0U);
  EXPECT_LT(tally.best_score, .40);
}

// Attack: what was sent under one ticket is sent again under another, at the right moment.
TEST(Attack, ReplayUnderAnotherKeyIsRefused) {
  const World& world = World::get();
  Tally tally;
  for (std::size_t i = 0; i < burst_count; ++i) {
    const Descriptor descriptor = world.viewers[i].describe(Patterns(seed_of(i)));
    const auto row = static_cast<std::int32_t>(world.viewers[i].begin_s * 10);
    for (std::uint8_t other = 1; other <= 10; ++other)
      tally.add(world.around(Patterns(seed_of(i, other)), descriptor, row), descriptor);
  }
  tally.show("replays");
  EXPECT_EQ(tally.count, burst_count * 10);
  EXPECT_EQ(tally.accepted, 0U);
  EXPECT_LT(tally.best_score, .30);
}

// Attack: what was filmed before is sent more than ten seconds later, or earlier, with a right key.
TEST(Attack, BurstOfAnotherMomentIsRefused) {
  const World& world = World::get();
  Tally tally;
  for (std::size_t i = 0; i < burst_count; ++i) {
    const Patterns patterns(seed_of(i / 10));
    const Descriptor descriptor = world.viewers[i].describe(patterns);
    const auto truth = static_cast<std::int32_t>(world.viewers[i].begin_s * 10);
    for (std::int32_t row = reach; row < static_cast<std::int32_t>(world.reference.row_count());
         row += 10)
      if (std::abs(row - truth) > 100 + reach)
        tally.add(world.around(patterns, descriptor, row), descriptor);
  }
  tally.show("other moments");
  EXPECT_GT(tally.count, burst_count * 20);
  EXPECT_LT(tally.share(), .001);
}

// Attack: numbers that no camera made.
TEST(Attack, MadeUpDescriptorsAreRefused) {
  const World& world = World::get();
  std::mt19937 random(3);
  Tally tally;
  for (int kind = 0; kind < 4; ++kind) {
    for (int round = 0; round < 5; ++round) {
      Descriptor descriptor{.frame_count = frame_count_max};
      Projection still;
      for (std::int8_t& value : still) value = static_cast<std::int8_t>(random() % 255 - 127);
      for (std::size_t f = 0; f < frame_count_max; ++f) {
        Frame& frame = descriptor.frames[f];
        frame.t_ms = static_cast<std::uint16_t>(f * slot_ms);
        if (kind == 1) frame.values.fill(static_cast<std::int8_t>(20 + 20 * round));
        if (kind == 2) frame.values = still;
        if (kind == 3)
          for (std::int8_t& value : frame.values)
            value = static_cast<std::int8_t>(random() % 255 - 127);
      }
      EXPECT_EQ(is_flat(descriptor), kind == 0);
      tally.add_everywhere(world, Patterns(seed_of(static_cast<std::size_t>(round))), descriptor);
    }
  }
  tally.show("made up");
  EXPECT_GT(tally.count, 20U * 50);
  EXPECT_EQ(tally.accepted, 0U);
  EXPECT_LT(tally.best_score, .35);
}

}  // namespace
}  // namespace matsuri::match::testing
