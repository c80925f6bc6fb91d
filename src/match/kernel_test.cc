// Every kernel that this processor can run against the scalar one: the same whole numbers.
#include "match/internal/kernel.h"

#include <gtest/gtest.h>
#include <sodium.h>

#include <algorithm>
#include <cstdlib>
#include <iterator>
#include <memory>
#include <random>
#include <vector>

#include "match/match.h"

namespace matsuri::match::internal {
namespace {

std::uint64_t seed_for_random() {
  const char* const given = std::getenv("MATSURI_SEED");
  const std::uint64_t seed =
      given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device{}();
  std::printf("MATSURI_SEED=%llu\n", static_cast<unsigned long long>(seed));
  return seed;
}

std::vector<KernelFunctions> functions_of_all() {
  std::vector<KernelFunctions> out;
  for (const Kernel kernel : kernels()) out.push_back(functions_of(kernel));
  return out;
}

// Rows of noise, then rows that are as large as bytes can be: also -128, which quantize() never
// makes and a damaged file may hold.
std::vector<std::int8_t> made_rows(std::mt19937_64& random) {
  std::vector<std::int8_t> rows(slot_count_max * cell_count);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const std::size_t row = i / cell_count;
    const std::uint64_t bits = random();
    rows[i] =
        static_cast<std::int8_t>(row == 3                ? -128
                                 : row == 4              ? 127
                                 : row == 5              ? 0
                                 : row == 6 || row == 97 ? (bits % 2 == 0 ? -128 : 127)
                                                         : static_cast<int>(bits % 256) - 128);
  }
  return rows;
}

// Goal: a pattern is a block of ChaCha20, by every kernel. Method: libsodium gives each block alone,
// for random seeds and for those with all bits alike.
TEST(Kernel, ExpandsPatterns) {
  std::mt19937_64 random(seed_for_random());
  for (int round = 0; round < 4; ++round) {
    Seed seed;
    for (std::uint8_t& byte : seed)
      byte = static_cast<std::uint8_t>(round == 0 ? 0 : round == 1 ? 0xff : random());
    std::array<std::array<unsigned char, 64>, pattern_count> blocks{};
    for (std::uint32_t p = 0; p < pattern_count; ++p) {
      crypto_stream_chacha20_ietf_xor_ic(blocks[p].data(), blocks[p].data(), 64,
                                         pattern_nonce.data(), p, seed.data());
    }
    for (const Kernel kernel : kernels()) {
      const Patterns patterns(seed, kernel);
      for (std::size_t p = 0; p < pattern_count; ++p)
        for (std::size_t i = 0; i < cell_count; ++i)
          ASSERT_EQ(patterns.sign(p, i), (blocks[p][i / 8] >> (i % 8) & 1) != 0 ? -1 : 1)
              << name_of(kernel) << ' ' << p << ' ' << i;
    }
  }
}

TEST(Kernel, SumsRows) {
  std::mt19937_64 random(seed_for_random());
  const std::vector<std::int8_t> rows = made_rows(random);
  for (const KernelFunctions& functions : functions_of_all()) {
    std::array<std::int32_t, slot_count_max> sums{};
    functions.sum_rows(rows.data(), slot_count_max, sums.data());
    for (std::size_t row = 0; row < slot_count_max; ++row) {
      std::int32_t sum = 0;
      for (std::size_t cell = 0; cell < cell_count; ++cell) sum += rows[row * cell_count + cell];
      ASSERT_EQ(sums[row], sum) << row;
    }
  }
}

// Goal: each kernel projects as the definition does, and writes nothing else. Method: for every
// count of rows, a random choice of them; sums by hand for a few, and equal outputs for all.
TEST(Kernel, Projects) {
  std::mt19937_64 random(seed_for_random());
  const std::vector<std::int8_t> rows = made_rows(random);
  const Patterns seeded(Seed{static_cast<std::uint8_t>(random())});
  std::array<std::int32_t, slot_count_max> sums{};
  scalar_functions.sum_rows(rows.data(), slot_count_max, sums.data());
  alignas(64) static std::array<std::uint8_t, cell_count * patterns_per_block> signs[3];
  std::copy_n(seeded.minus(5), signs[0].size(), signs[0].begin());
  signs[1].fill(0);
  signs[2].fill(1);
  std::vector<std::uint8_t> all(slot_count_max);
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = static_cast<std::uint8_t>(i);

  for (std::size_t count = 0; count <= slot_count_max; ++count) {
    std::vector<std::uint8_t> slots;
    std::sample(all.begin(), all.end(), std::back_inserter(slots), count, random);
    for (const auto& block : signs) {
      std::array<Projected, slot_count_max> expected;
      for (Projected& row : expected) row.values.fill(-1'000'000);
      const auto untouched = expected;
      scalar_functions.project(block.data(), rows.data(), slots, sums.data(), expected.data());
      for (const KernelFunctions& functions : functions_of_all()) {
        auto out = untouched;
        functions.project(block.data(), rows.data(), slots, sums.data(), out.data());
        for (std::size_t slot = 0; slot < slot_count_max; ++slot)
          ASSERT_EQ(out[slot].values, expected[slot].values) << count << ' ' << slot;
      }
    }
  }
}

// The scalar kernel, which the others are held against, by the definition of a pattern.
TEST(Kernel, ScalarProjectsByTheSigns) {
  std::mt19937_64 random(seed_for_random());
  const std::vector<std::int8_t> rows = made_rows(random);
  const Patterns patterns(Seed{1, 2, 3});
  std::array<std::int32_t, slot_count_max> sums{};
  scalar_functions.sum_rows(rows.data(), slot_count_max, sums.data());
  std::vector<std::uint8_t> slots = {0, 3, 4, 5, 6, 50, 97};
  for (std::size_t block = 0; block < block_count; ++block) {
    std::array<Projected, slot_count_max> out;
    scalar_functions.project(patterns.minus(block), rows.data(), slots, sums.data(), out.data());
    for (const std::uint8_t slot : slots) {
      for (std::size_t i = 0; i < patterns_per_block; ++i) {
        std::int32_t sum = 0;
        for (std::size_t cell = 0; cell < cell_count; ++cell)
          sum +=
              patterns.sign(block * patterns_per_block + i, cell) * rows[slot * cell_count + cell];
        ASSERT_EQ(out[slot].values[i], sum) << block << ' ' << int{slot} << ' ' << i;
      }
    }
  }
}

Descriptor made_descriptor(std::mt19937_64& random, std::size_t frame_count, bool is_extreme) {
  Descriptor descriptor{.frame_count = frame_count};
  for (std::size_t i = 0; i < frame_count; ++i) {
    descriptor.frames[i].t_ms = static_cast<std::uint16_t>(i * 3400 / (frame_count - 1));
    for (std::int8_t& value : descriptor.frames[i].values) {
      const std::uint64_t bits = random();
      value = static_cast<std::int8_t>(is_extreme ? (bits % 2 == 0 ? -127 : 127)
                                                  : static_cast<int>(bits % 255) - 127);
    }
  }
  return descriptor;
}

// Goal: products are exact however they are added. Method: projections as large as they can be, and
// 64-bit integers beside.
TEST(Kernel, ComparesExactly) {
  std::mt19937_64 random(seed_for_random());
  const auto rows = std::make_unique<ProjectedRows>();
  for (const bool is_extreme : {false, true}) {
    for (auto& block : *rows) {
      for (Projected& row : block) {
        for (std::int32_t& value : row.values) {
          const std::uint64_t bits = random();
          value = is_extreme ? (bits % 8 == 0 ? -65'536 : 65'536)
                             : static_cast<std::int32_t>(bits % 131'073) - 65'536;
        }
      }
    }
    for (std::size_t count = frame_count_min; count <= frame_count_max; ++count) {
      const Burst burst = burst_of(made_descriptor(random, count, is_extreme));
      std::int64_t xy = 0, yy = 0, xy_means[2] = {}, yy_means[2] = {};
      const std::size_t start = count;
      for (std::size_t block = 0; block < block_count; ++block) {
        for (std::size_t i = 0; i < patterns_per_block; ++i) {
          std::int64_t sx = 0, sy = 0;
          for (std::size_t f = block; f < count; f += block_count) {
            const auto x = static_cast<std::int64_t>(burst.values[f][i]);
            const std::int64_t y = (*rows)[block][start + burst.offset[f]].values[i];
            xy += x * y, yy += y * y, sx += x, sy += y;
          }
          xy_means[block < count % block_count ? 1 : 0] += sx * sy;
          yy_means[block < count % block_count ? 1 : 0] += sy * sy;
        }
      }
      for (const KernelFunctions& functions : functions_of_all()) {
        const Compared compared = functions.compare(burst, *rows, start);
        EXPECT_EQ(compared.xy.plain, static_cast<double>(xy));
        EXPECT_EQ(compared.yy.plain, static_cast<double>(yy));
        for (std::size_t i = 0; i < 2; ++i) {
          EXPECT_EQ(compared.xy.means[i], static_cast<double>(xy_means[i]));
          EXPECT_EQ(compared.yy.means[i], static_cast<double>(yy_means[i]));
        }
      }
    }
  }
}

// Whole searches: the same row, and a score that is the same to the last bit.
TEST(Kernel, AllFindTheSame) {
  std::mt19937_64 random(seed_for_random());
  const std::vector<std::int8_t> rows = made_rows(random);
  for (int round = 0; round < 20; ++round) {
    Seed seed;
    for (std::uint8_t& byte : seed) byte = static_cast<std::uint8_t>(random());
    const Patterns patterns(seed);
    std::vector<std::byte> eligible(13);
    for (std::byte& byte : eligible)
      byte = static_cast<std::byte>(round == 0 ? 0xff : random() & random() & 0xff);
    const Reference reference{.rows = rows, .eligible = eligible, .row_count = slot_count_max};
    const Descriptor descriptor =
        made_descriptor(random, frame_count_min + random() % 13, round % 2 == 0);
    const SearchOptions range{.from_row = 0, .to_row = 63};
    const Match expected = best(patterns, descriptor, reference, range, Kernel::scalar);
    EXPECT_NE(expected.row, no_row);
    for (const Kernel kernel : kernels()) {
      const Match found = best(patterns, descriptor, reference, range, kernel);
      EXPECT_EQ(found.row, expected.row) << name_of(kernel);
      EXPECT_EQ(found.score, expected.score) << name_of(kernel);
    }
  }
}

TEST(Kernel, ScalarIsAlwaysThere) {
  ASSERT_FALSE(kernels().empty());
  EXPECT_EQ(kernels().front(), Kernel::scalar);
}

}  // namespace
}  // namespace matsuri::match::internal
