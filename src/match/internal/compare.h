// Comparing a burst with the projected reference, in vectors that the compiler cuts to what the
// including kernel's processor has. All numbers are whole and below 2^53: adding is exact.
#pragma once

#include <cstring>

#include "match/internal/kernel.h"

namespace matsuri::match::internal {

using Doubles = double __attribute__((vector_size(64)));  // half of a block's patterns
using Integers = std::int32_t __attribute__((vector_size(32)));

// Always inlined: it takes the target of the kernel that calls it.
[[gnu::always_inline]] inline double sum_of(const Doubles& values) {
  double sum = 0;
  for (std::size_t i = 0; i < 8; ++i) sum += values[i];
  return sum;
}

[[gnu::always_inline]] inline Compared compare_with_vectors(const Burst& burst,
                                                            const ProjectedRows& rows,
                                                            std::size_t start) {
  const std::size_t longer_count = burst.frame_count % block_count;
  Doubles xy = {}, yy = {}, xy_means[2] = {}, yy_means[2] = {};
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
        xy += x * y;
        yy += y * y;
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
  return {.xy = {.plain = sum_of(xy), .means = {sum_of(xy_means[0]), sum_of(xy_means[1])}},
          .yy = {.plain = sum_of(yy), .means = {sum_of(yy_means[0]), sum_of(yy_means[1])}}};
}

}  // namespace matsuri::match::internal
