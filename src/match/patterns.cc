#include "match/patterns.h"

#include <algorithm>
#include <cmath>

#include "match/internal/kernel.h"

namespace matsuri::match {

Patterns::Patterns(const Seed& seed) : Patterns(seed, kernels().back()) {}

Patterns::Patterns(const Seed& seed, Kernel kernel) {
  internal::functions_of(kernel).expand(seed, minus_.data());
}

Projection project(const Patterns& patterns, std::size_t frame, const Features& features) {
  Projection out;
  for (std::size_t i = 0; i < patterns_per_block; ++i) {
    const std::size_t pattern = frame % block_count * patterns_per_block + i;
    double sum = 0;
    for (std::size_t cell = 0; cell < cell_count; ++cell)
      sum += patterns.sign(pattern, cell) * features[cell];
    out[i] = static_cast<std::int8_t>(std::clamp(std::floor(sum + 0.5), -127.0, 127.0));
  }
  return out;
}

}  // namespace matsuri::match
