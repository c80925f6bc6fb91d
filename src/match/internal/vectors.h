// What all kernels do alike, in vectors that the compiler cuts to what the processor of the calling
// kernel has: functions that are always inlined take the target of their caller.
#pragma once

#include <cstring>

#include "match/internal/kernel.h"

namespace matsuri::match::internal {

using Doubles = double __attribute__((vector_size(64)));  // half of a block's patterns
using Integers = std::int32_t __attribute__((vector_size(32)));
using Words = std::uint32_t __attribute__((vector_size(64)));      // one of each pattern of a block
using HalfWords = std::uint32_t __attribute__((vector_size(32)));  // of half of them

// Writes 32 cells of as many patterns as there are words, as Patterns::minus() has them: `cells`
// are their bits.
template <class AnyWords>
[[gnu::always_inline]] inline void spread(const AnyWords& cells, std::uint8_t* minus) {
  AnyWords words = cells;
  for (std::size_t four = 0; four < 32; four += 4, words >>= 4) {
    // Bits 0..3 are moved to the lowest of bytes 0..3.
    AnyWords bytes = words & 15;
    bytes |= bytes << 14;
    bytes |= bytes << 7;
    bytes &= 0x01010101;
    std::memcpy(minus + four * patterns_per_block, &bytes, sizeof bytes);
  }
}

template <class AnyWords>
[[gnu::always_inline]] inline void mix_step(AnyWords& sum, const AnyWords& term, AnyWords& turned,
                                            int bits) {
  sum += term;
  turned ^= sum;
  turned = turned << bits | turned >> (32 - bits);
}

// Four words of the state of ChaCha20, of as many blocks at once.
template <class AnyWords>
[[gnu::always_inline]] inline void mix(AnyWords& a, AnyWords& b, AnyWords& c, AnyWords& d) {
  mix_step(a, b, d, 16);
  mix_step(c, d, b, 12);
  mix_step(a, b, d, 8);
  mix_step(c, d, b, 7);
}

// Makes patterns side by side from the start: nothing is to be transposed, as it is when a cipher
// for streams has put them one after the other.
template <class AnyWords>
[[gnu::always_inline]] inline void expand_with_vectors(const Seed& seed, std::uint8_t* minus) {
  constexpr std::size_t lane_count = sizeof(AnyWords) / sizeof(std::uint32_t);
  std::array<std::uint32_t, 16> begin = {0x61707865, 0x3320646e, 0x79622d32, 0x6b206574};
  std::memcpy(&begin[4], seed.data(), seed.size());
  std::memcpy(&begin[13], pattern_nonce.data(), pattern_nonce.size());
  AnyWords counters;
  for (std::size_t lane = 0; lane < lane_count; ++lane)
    counters[lane] = static_cast<std::uint32_t>(lane);
  for (std::size_t first = 0; first < pattern_count; first += lane_count, counters += lane_count) {
    AnyWords x[16];
#pragma clang loop unroll(full)
    for (std::size_t i = 0; i < 16; ++i) x[i] = AnyWords{} + begin[i];
    x[12] = counters;
    for (int round = 0; round < 20; round += 2) {
      mix(x[0], x[4], x[8], x[12]);
      mix(x[1], x[5], x[9], x[13]);
      mix(x[2], x[6], x[10], x[14]);
      mix(x[3], x[7], x[11], x[15]);
      mix(x[0], x[5], x[10], x[15]);
      mix(x[1], x[6], x[11], x[12]);
      mix(x[2], x[7], x[8], x[13]);
      mix(x[3], x[4], x[9], x[14]);
    }
    x[12] += counters;
    std::uint8_t* to = minus + first / patterns_per_block * patterns_per_block * cell_count +
                       first % patterns_per_block * sizeof(std::uint32_t);
#pragma clang loop unroll(full)
    for (std::size_t i = 0; i < 16; ++i) {
      spread(x[i] + begin[i], to);
      to += 32 * patterns_per_block;
    }
  }
}

[[gnu::always_inline]] inline double sum_of(const Doubles& values) {
  double sum = 0;
  for (std::size_t i = 0; i < 8; ++i) sum += values[i];
  return sum;
}

// All numbers are whole and below 2^53: adding is exact.
[[gnu::always_inline]] inline Compared compare_with_vectors(const Burst& burst,
                                                            const ProjectedRows& rows,
                                                            std::size_t start) {
  const std::size_t longer_count = burst.frame_count % block_count;
  // Each half adds for itself: the two chains of additions run at the same time.
  Doubles xy[2] = {}, yy[2] = {}, xy_means[2] = {}, yy_means[2] = {};
  for (std::size_t block = 0; block < block_count; ++block) {
    const std::size_t is_longer = block < longer_count ? 1 : 0;
    Doubles sums[2] = {};
    for (std::size_t frame = block; frame < burst.frame_count; frame += block_count) {
      const Projected& row = rows[block][start + burst.offset[frame]];
      for (std::size_t half = 0; half < 2; ++half) {
        Integers whole;
        Doubles x;
        std::memcpy(&whole, &row.values[half * 8], sizeof whole);
        std::memcpy(&x, &burst.values[frame][half * 8], sizeof x);
        const Doubles y = __builtin_convertvector(whole, Doubles);
        xy[half] += x * y;
        yy[half] += y * y;
        sums[half] += y;
      }
    }
    for (std::size_t half = 0; half < 2; ++half) {
      Doubles x;
      std::memcpy(&x, &burst.sums[block][half * 8], sizeof x);
      xy_means[is_longer] += x * sums[half];
      yy_means[is_longer] += sums[half] * sums[half];
    }
  }
  return {
      .xy = {.plain = sum_of(xy[0] + xy[1]), .means = {sum_of(xy_means[0]), sum_of(xy_means[1])}},
      .yy = {.plain = sum_of(yy[0] + yy[1]), .means = {sum_of(yy_means[0]), sum_of(yy_means[1])}}};
}

}  // namespace matsuri::match::internal
