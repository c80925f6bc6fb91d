// What all kernels do alike, in vectors that the compiler cuts to what the processor of the calling
// kernel has: functions that are always inlined take the target of their caller.
#pragma once

#include <cstring>

#include "match/internal/kernel.h"

namespace matsuri::match::internal {

using Doubles = double __attribute__((vector_size(64)));  // half of a block's patterns
using Integers = std::int32_t __attribute__((vector_size(32)));
using Words = std::uint32_t __attribute__((vector_size(64)));  // one of each pattern of a block

// Writes 32 cells of a block as Patterns::minus() has them: `cells` are their bits.
[[gnu::always_inline]] inline void spread(const Words& cells, std::uint8_t* minus) {
  Words words = cells;
  for (std::size_t four = 0; four < 32; four += 4, words >>= 4) {
    // Bits 0..3 are moved to the lowest of bytes 0..3.
    Words bytes = words & 15;
    bytes |= bytes << 14;
    bytes |= bytes << 7;
    bytes &= 0x01010101;
    std::memcpy(minus + four * patterns_per_block, &bytes, sizeof bytes);
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
