// The vector that every implementation of VCI-1 must give: made pictures of a rule, what a phone
// sends of them, and how well that fits. The expected values are those of two implementations that
// are independent of this one, in Python and in JavaScript.
#include <gtest/gtest.h>
#include <sodium.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <string>
#include <vector>

#include "match/match.h"

namespace matsuri::match {
namespace {

Seed seed_of(const std::string& text) {
  Seed seed;
  crypto_hash_sha256(seed.data(), reinterpret_cast<const unsigned char*>(text.data()), text.size());
  return seed;
}

std::string hex_hash(const std::string& bytes) {
  const Seed hash = seed_of(bytes);
  return to_hex(std::as_bytes(std::span(hash)));
}

// Two waves that move, picture `f` of 24.
Luma picture(std::size_t f) {
  Luma luma;
  const auto t = static_cast<double>(f);
  for (std::size_t y = 0; y < cells_high; ++y) {
    for (std::size_t x = 0; x < cells_wide; ++x) {
      const auto u = static_cast<double>(x), v = static_cast<double>(y);
      luma[y * cells_wide + x] =
          128 + 60 * std::sin(.5 * u + .3 * t) + 40 * std::cos(.7 * v - .2 * t * (1 + u / 32));
    }
  }
  return luma;
}

Descriptor descriptor_of(const Patterns& patterns) {
  Descriptor descriptor{.frame_count = 24};
  for (std::size_t f = 0; f < 24; ++f) {
    descriptor.frames[f] = {.t_ms = static_cast<std::uint16_t>(f * slot_ms),
                            .values = project(patterns, f, features(picture(f)))};
  }
  return descriptor;
}

// Six seconds of reference: the picture that is nearest in time, then the last one still.
struct Vector {
  std::vector<std::int8_t> rows;
  std::vector<Features> exact;
  std::vector<std::byte> eligible = std::vector<std::byte>(8, std::byte{0xff});

  Vector() {
    for (std::size_t i = 0; i < 60; ++i) {
      const std::size_t f = (8 * i + 5) / 10;  // i / 1.25, rounded
      exact.push_back(features(picture(std::min<std::size_t>(23, f))));
      const Row row = quantize(exact.back());
      rows.insert(rows.end(), row.begin(), row.end());
    }
  }
  Reference reference() const { return {.rows = rows, .eligible = eligible, .row_count = 60}; }
};

TEST(Vector, SeedAndPatterns) {
  const Seed seed = seed_of("vci1 test");
  EXPECT_EQ(to_hex(std::as_bytes(std::span(seed))),
            "5ba8df63a86e67a131b293549a20a50c5c02967347068eeabdece8198318c1c6");
  const Patterns patterns = Patterns::expand(seed);
  std::string signs;
  for (std::size_t i = 0; i < 32; ++i) signs += patterns.sign(0, i) > 0 ? '+' : '-';
  EXPECT_EQ(signs, "-++---+---+-++---++---++----+--+");
}

// Goal: the patterns are ChaCha20's, whatever library makes it. Method: the block of RFC 8439,
// 2.3.2, needs another nonce and counter 1; so the library's function is held against it.
TEST(Vector, ChaChaIsThatOfTheStandard) {
  Seed key;
  for (std::size_t i = 0; i < key.size(); ++i) key[i] = static_cast<std::uint8_t>(i);
  const unsigned char nonce[12] = {0, 0, 0, 9, 0, 0, 0, 0x4a};
  std::array<std::byte, 64> block{};
  auto* const bytes = reinterpret_cast<unsigned char*>(block.data());
  crypto_stream_chacha20_ietf_xor_ic(bytes, bytes, block.size(), nonce, 1, key.data());
  EXPECT_EQ(to_hex(block),
            "10f1e7e4d13b5915500fdd1fa32071c4c7d1f4c733c068030422aa9ac3d46c4e"
            "d2826446079faa0914c2d705d98b02a2b5129cd1de164eb9cbd083e8a2503c4e");
}

TEST(Vector, WireIsThatOfTheOthers) {
  const Descriptor descriptor = descriptor_of(Patterns::expand(seed_of("vci1 test")));
  EXPECT_EQ(descriptor.frames[0].values,
            (Projection{-24, -10, 43, -17, 21, 18, -9, 10, 0, 9, 18, 14, -32, -26, 1, -19}));
  EXPECT_EQ(descriptor.frames[9].values,
            (Projection{-13, -24, 29, 33, 8, 14, -13, 21, 0, -5, 27, 5, -9, 39, 7, -15}));
  const std::string wire = pack(descriptor);
  EXPECT_EQ(wire.size(), 436U);
  EXPECT_EQ(hex_hash(wire), "1c06e471c2cfcdfd62089baef29a29d4870e63f518ec47a33e6e6efb123b246a");
  const Result<Descriptor> read = parse(as_bytes(wire));
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(*read, descriptor);
}

// The score at a row of a reference of exact features, as the definition has it.
double exact_score(const std::vector<Features>& rows, const Patterns& patterns,
                   const Descriptor& burst, std::size_t row) {
  double num = 0, ex = 0, ey = 0;
  for (std::size_t p = 0; p < pattern_count; ++p) {
    double n = 0, sx = 0, sy = 0;
    for (std::size_t f = p / patterns_per_block; f < burst.frame_count; f += block_count, ++n) {
      const Features& features = rows[row + (burst.frames[f].t_ms + 50U) / 100];
      const double x = burst.frames[f].values[p % patterns_per_block];
      double y = 0;
      for (std::size_t i = 0; i < cell_count; ++i) y += patterns.sign(p, i) * features[i];
      num += x * y, ex += x * x, ey += y * y, sx += x, sy += y;
    }
    num -= .75 / n * sx * sy, ex -= .75 / n * sx * sx, ey -= .75 / n * sy * sy;
  }
  const double floor = .05 * 16 * static_cast<double>(burst.frame_count) * 512;
  return num / std::sqrt((ex + floor) * (ey + floor));
}

TEST(Vector, ScoreIsThatOfTheOthers) {
  const Vector vector;
  const Patterns patterns = Patterns::expand(seed_of("vci1 test"));
  const Match match =
      best(patterns, descriptor_of(patterns), vector.reference(), {.from_row = 0, .to_row = 20});
  EXPECT_EQ(match.row, 0);
  EXPECT_NEAR(match.score, .9403, .0005);  // theirs, with rows of floats
  EXPECT_NEAR(exact_score(vector.exact, patterns, descriptor_of(patterns), 0), .9403, .00005);
}

// Goal: bytes are enough for the rows of a reference. Method: scores of bursts at each row, beside
// those of exact rows: clean, faint and noisy pictures, so that scores lie everywhere below 1.
TEST(Vector, RowsOfBytesHardlyChangeScores) {
  const Vector vector;
  double worst = 0, least = 1, most = -1;
  for (int round = 0; round < 6; ++round) {
    const Patterns patterns(seed_of("bytes " + std::to_string(round)));
    Descriptor burst{.frame_count = 24};
    std::minstd_rand random(static_cast<unsigned>(round) + 1);
    for (std::size_t f = 0; f < 24; ++f) {
      Luma seen = picture(f);
      for (double& cell : seen)
        cell = 128 + (cell - 128) * (1 - .15 * round) +
               round * (static_cast<double>(random() % 41) - 20);
      burst.frames[f] = {.t_ms = static_cast<std::uint16_t>(f * slot_ms),
                         .values = project(patterns, f, features(seen))};
    }
    for (std::int32_t row = 0; row <= 30; ++row) {
      const double exact =
          exact_score(vector.exact, patterns, burst, static_cast<std::size_t>(row));
      const double ours = best(patterns, burst, vector.reference(), {row, row}).score;
      worst = std::max(worst, std::abs(exact - ours));
      least = std::min(least, exact), most = std::max(most, exact);
    }
  }
  EXPECT_LT(worst, .0015);
  EXPECT_GT(worst, 0);
  EXPECT_LT(least, .1);
  EXPECT_GT(most, .9);
  std::printf("scores from %.3f to %.3f; bytes change them by at most %.5f\n", least, most, worst);
}

TEST(Vector, AnotherSeedFitsNowhere) {
  const Vector vector;
  const Descriptor descriptor = descriptor_of(Patterns::expand(seed_of("vci1 test")));
  for (int other = 0; other < 6; ++other) {
    const Patterns patterns = Patterns::expand(seed_of("other " + std::to_string(other)));
    const Match match =
        best(patterns, descriptor, vector.reference(), {.from_row = 0, .to_row = 20});
    EXPECT_LT(match.score, .30) << other;
  }
}

}  // namespace
}  // namespace matsuri::match
