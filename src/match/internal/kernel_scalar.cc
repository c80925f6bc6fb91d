// The kernel for any processor, and what the others are held against.
#include "match/internal/kernel.h"
#include "match/internal/vectors.h"

namespace matsuri::match::internal {
namespace {

void sum_rows(const std::int8_t* rows, std::size_t count, std::int32_t* sums) {
  for (std::size_t row = 0; row < count; ++row) {
    std::int32_t sum = 0;
    for (std::size_t cell = 0; cell < cell_count; ++cell) sum += rows[row * cell_count + cell];
    sums[row] = sum;
  }
}

void project(const std::uint8_t* minus, const std::int8_t* rows,
             std::span<const std::uint8_t> slots, const std::int32_t* sums, Projected* out) {
  for (const std::uint8_t slot : slots) {
    const std::int8_t* const row = rows + slot * cell_count;
    std::array<std::int32_t, patterns_per_block> below{};
    for (std::size_t cell = 0; cell < cell_count; ++cell) {
      const std::uint8_t* const at = minus + cell / 4 * 4 * patterns_per_block + cell % 4;
      for (std::size_t i = 0; i < patterns_per_block; ++i) below[i] += at[4 * i] * row[cell];
    }
    for (std::size_t i = 0; i < patterns_per_block; ++i)
      out[slot].values[i] = sums[slot] - 2 * below[i];
  }
}

Compared compare(const Burst& burst, const ProjectedRows& rows, std::size_t start) {
  return compare_with_vectors(burst, rows, start);
}

}  // namespace

constexpr KernelFunctions scalar_functions = {
    .expand = expand_with_sodium, .sum_rows = sum_rows, .project = project, .compare = compare};

}  // namespace matsuri::match::internal
