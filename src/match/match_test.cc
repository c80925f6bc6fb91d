#include "match/match.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <random>
#include <string>
#include <vector>

namespace matsuri::match {
namespace {

std::uint64_t seed_for_random() {
  const char* const given = std::getenv("MATSURI_SEED");
  const std::uint64_t seed =
      given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device{}();
  std::printf("MATSURI_SEED=%llu\n", static_cast<unsigned long long>(seed));
  return seed;
}

// A reference and a burst of random cells, as the definition in Python has them: no blocks of
// slots, no integers.
struct World {
  std::vector<std::int8_t> rows;
  std::vector<std::byte> eligible;
  std::uint32_t row_count;
  Seed seed;
  Descriptor descriptor;

  World(std::mt19937_64& random, std::uint32_t count, double eligible_share) : row_count(count) {
    std::uniform_int_distribution<int> cell(-127, 127), step(100, 140);
    std::bernoulli_distribution is_eligible(eligible_share);
    rows.resize(count * cell_count);
    for (std::int8_t& value : rows) value = static_cast<std::int8_t>(cell(random));
    eligible.resize((count + 7) / 8);
    for (std::size_t row = 0; row < count; ++row)
      if (is_eligible(random)) eligible[row / 8] |= std::byte{1} << (row % 8);
    for (std::uint8_t& byte : seed) byte = static_cast<std::uint8_t>(random());
    descriptor.frame_count = frame_count_min + random() % (frame_count_max - frame_count_min + 1);
    int t_ms = 0;
    for (std::size_t i = 0; i < descriptor.frame_count; ++i) {
      descriptor.frames[i].t_ms = static_cast<std::uint16_t>(t_ms);
      for (std::int8_t& value : descriptor.frames[i].values)
        value = static_cast<std::int8_t>(cell(random));
      t_ms += step(random);
    }
  }
  Reference reference() const {
    return {.rows = rows, .eligible = eligible, .row_count = row_count};
  }
};

// The score as the definition says it, frame by frame in doubles.
double plain_score(const World& world, const Patterns& patterns, std::size_t row) {
  const Descriptor& burst = world.descriptor;
  double num = 0, ex = 0, ey = 0;
  for (std::size_t block = 0; block < block_count; ++block) {
    std::array<double, patterns_per_block> sx{}, sy{};
    double n = 0;
    for (std::size_t f = block; f < burst.frame_count; f += block_count, ++n) {
      const auto k = static_cast<std::size_t>(std::floor(burst.frames[f].t_ms / 100.0 + .5));
      for (std::size_t i = 0; i < patterns_per_block; ++i) {
        const double x = burst.frames[f].values[i];
        double y = 0;
        for (std::size_t cell = 0; cell < cell_count; ++cell)
          y += patterns.sign(block * patterns_per_block + i, cell) *
               (world.rows[(row + k) * cell_count + cell] / feature_scale);
        num += x * y, ex += x * x, ey += y * y;
        sx[i] += x, sy[i] += y;
      }
    }
    for (std::size_t i = 0; i < patterns_per_block; ++i) {
      num -= .75 / n * sx[i] * sy[i];
      ex -= .75 / n * sx[i] * sx[i];
      ey -= .75 / n * sy[i] * sy[i];
    }
  }
  const double floor = .05 * 16 * static_cast<double>(burst.frame_count) * 512;
  return num / std::sqrt((ex + floor) * (ey + floor));
}

// Goal: the score is the definition's, and the row the best of those that are looked at: every
// second one that may be taken, and what lies beside the best of them.
// Method: random worlds, where no row is like its neighbour, searched plainly beside.
TEST(Best, IsThatOfTheDefinition) {
  std::mt19937_64 random(seed_for_random());
  for (int round = 0; round < 12; ++round) {
    const World world(random, 60, round % 2 == 0 ? .5 : 1);
    const Patterns patterns(world.seed);
    const SearchOptions range{.from_row = -10, .to_row = 40};
    const std::size_t span = (world.descriptor.burst_ms() + 50) / 100;
    const auto may_be_taken = [&](std::size_t row) {
      return row <= 40 && row + span < world.row_count && world.reference().is_eligible(row);
    };
    Match expected;
    double best_score = -2;
    const auto look_at = [&](std::size_t row) {
      if (!may_be_taken(row)) return;
      const double score = plain_score(world, patterns, row);
      if (score <= best_score) return;
      best_score = score;
      expected = {.score = static_cast<float>(score), .row = static_cast<std::int32_t>(row)};
    };
    for (std::size_t row = 0; row <= 40; row += 2) look_at(may_be_taken(row) ? row : row + 1);
    const auto found_first = static_cast<std::size_t>(expected.row);
    if (found_first > 0) look_at(found_first - 1);
    look_at(found_first + 1);
    const Match found = best(patterns, world.descriptor, world.reference(), range, Kernel::scalar);
    EXPECT_EQ(found.row, expected.row);
    EXPECT_NEAR(found.score, expected.score, 1e-6);
  }
}

// Goal: who stops at what is enough says no other yes or no than who looks at all, and finds it where
// it is expected. Method: random worlds and bars, among them the best score itself and one below.
TEST(Best, StopsAtWhatIsEnough) {
  std::mt19937_64 random(seed_for_random());
  std::size_t missed_count = 0;
  for (int round = 0; round < 60; ++round) {
    const World world(random, 110, round % 2 == 0 ? .5 : 1);
    const Patterns patterns(world.seed);
    SearchOptions options{.from_row = static_cast<std::int32_t>(random() % 60) - 10};
    options.to_row = options.from_row + 60;
    const auto found = [&](float enough) {
      options.enough = enough;
      return best(patterns, world.descriptor, world.reference(), options);
    };
    const Match all = found(1);
    for (const float enough : {all.score, std::nextafter(all.score, -1.F), all.score * .9F, 0.F}) {
      const Match stopped = found(enough);
      EXPECT_EQ(stopped.score > enough, all.score > enough);
      if (stopped.row == all.row) continue;
      // What it stopped at is a row's own score, and not a second further out than what it missed.
      EXPECT_GT(stopped.score, enough);
      EXPECT_EQ(stopped.score, best(patterns, world.descriptor, world.reference(),
                                    {.from_row = stopped.row, .to_row = stopped.row})
                                   .score);
      const std::int32_t middle = options.from_row + 30;
      EXPECT_LE(std::abs(stopped.row - middle), std::abs(all.row - middle) + 11);
      ++missed_count;
    }
  }
  EXPECT_GT(missed_count, 0U) << "it never stopped early";
}

TEST(Best, LooksOnlyWhereItMay) {
  std::mt19937_64 random(seed_for_random());
  World world(random, 120, 0);
  const Patterns patterns(world.seed);
  const auto row_of = [&](std::int32_t from_row, std::int32_t to_row) {
    return best(patterns, world.descriptor, world.reference(), {from_row, to_row}).row;
  };
  EXPECT_EQ(row_of(0, 63), no_row);
  // One eligible row is found from every range that holds it, and from no other.
  world.eligible[5] |= std::byte{1} << 3;
  for (std::int32_t from = -70; from < 130; ++from) {
    const std::int32_t to = from + search_row_count_max - 1;
    EXPECT_EQ(row_of(from, to), from <= 43 && 43 <= to ? 43 : no_row) << from;
    EXPECT_EQ(row_of(from, from), from == 43 ? 43 : no_row) << from;
  }
  EXPECT_EQ(row_of(44, 43), no_row);
  EXPECT_EQ(row_of(INT32_MIN, INT32_MIN + 63), no_row);
  EXPECT_EQ(row_of(INT32_MAX - 63, INT32_MAX), no_row);
}

// Goal: a burst that would reach past the end is not compared with what is not there.
TEST(Best, EndsWhereTheReferenceEnds) {
  std::mt19937_64 random(seed_for_random());
  World world(random, 64, 1);
  const Patterns patterns(world.seed);
  const auto span = static_cast<std::int32_t>((world.descriptor.burst_ms() + 50) / 100);
  const std::int32_t last = 63 - span;
  const auto row_of = [&](std::int32_t row) {
    return best(patterns, world.descriptor, world.reference(), {row, row}).row;
  };
  EXPECT_EQ(row_of(last), last);
  EXPECT_EQ(row_of(last + 1), no_row);
  EXPECT_EQ(best(patterns, world.descriptor, {}, {0, 60}).row, no_row);
}

}  // namespace
}  // namespace matsuri::match
