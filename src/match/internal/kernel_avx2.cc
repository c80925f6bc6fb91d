// The kernel for AVX2: pairs of cells are multiplied and added in 16 bits, which is enough for all
// of a row, so they are widened once at its end.
#include "match/internal/kernel.h"
#include "match/internal/tiles.h"
#include "match/internal/vectors.h"

#ifdef __x86_64__
#include <immintrin.h>

#include <utility>

#define MATSURI_TARGET [[gnu::target("avx2,fma")]]

namespace matsuri::match::internal {
namespace {

constexpr std::size_t tile_max = 5;  // rows at a time: each has two registers, of sixteen

// A lane adds a pair of cells of each four: none of its sums leaves 16 bits.
static_assert(cell_count / 4 * 2 * 128 == 32'768);

MATSURI_TARGET __m256i load(const void* from) {
  return _mm256_loadu_si256(static_cast<const __m256i*>(from));
}

MATSURI_TARGET void expand(const Seed& seed, std::uint8_t* minus) {
  expand_with_vectors<HalfWords>(seed, minus);
}

// Pairs of 16 bits to 32.
MATSURI_TARGET __m256i widen(__m256i pairs) {
  return _mm256_madd_epi16(pairs, _mm256_set1_epi16(1));
}

MATSURI_TARGET void sum_rows(const std::int8_t* rows, std::size_t count, std::int32_t* sums) {
  const __m256i ones = _mm256_set1_epi8(1);
  for (std::size_t row = 0; row < count; ++row) {
    __m256i pairs = _mm256_setzero_si256();
    for (std::size_t cell = 0; cell < cell_count; cell += 32)
      pairs =
          _mm256_add_epi16(pairs, _mm256_maddubs_epi16(ones, load(rows + row * cell_count + cell)));
    std::array<std::int32_t, 8> lanes;
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(lanes.data()), widen(pairs));
    std::int32_t sum = 0;
    for (const std::int32_t lane : lanes) sum += lane;
    sums[row] = sum;
  }
}

template <std::size_t RowCount>
MATSURI_TARGET void project_tile(const std::uint8_t* minus, const std::int8_t* rows,
                                 const std::uint8_t* slots, const std::int32_t* sums,
                                 Projected* out) {
  __m256i below[RowCount][2];
  const std::int8_t* row[RowCount];
#pragma clang loop unroll(full)
  for (std::size_t r = 0; r < RowCount; ++r) {
    below[r][0] = below[r][1] = _mm256_setzero_si256();
    row[r] = rows + slots[r] * cell_count;
  }
  for (std::size_t cell = 0; cell < cell_count; cell += 4) {
    const __m256i signs[2] = {load(minus + cell * patterns_per_block),
                              load(minus + cell * patterns_per_block + 32)};
#pragma clang loop unroll(full)
    for (std::size_t r = 0; r < RowCount; ++r) {
      std::int32_t four;
      std::memcpy(&four, row[r] + cell, sizeof four);
      const __m256i cells = _mm256_set1_epi32(four);
      below[r][0] = _mm256_add_epi16(below[r][0], _mm256_maddubs_epi16(signs[0], cells));
      below[r][1] = _mm256_add_epi16(below[r][1], _mm256_maddubs_epi16(signs[1], cells));
    }
  }
#pragma clang loop unroll(full)
  for (std::size_t r = 0; r < RowCount; ++r) {
    const __m256i sum = _mm256_set1_epi32(sums[slots[r]]);
    auto* const to = reinterpret_cast<__m256i*>(out[slots[r]].values.data());
    _mm256_store_si256(to, _mm256_sub_epi32(sum, _mm256_slli_epi32(widen(below[r][0]), 1)));
    _mm256_store_si256(to + 1, _mm256_sub_epi32(sum, _mm256_slli_epi32(widen(below[r][1]), 1)));
  }
}

template <std::size_t... Index>
constexpr auto tiles_of(std::index_sequence<Index...>) {
  return std::array{&project_tile<Index + 1>...};
}
constexpr auto tiles = tiles_of(std::make_index_sequence<tile_max>());

void project(const std::uint8_t* minus, const std::int8_t* rows,
             std::span<const std::uint8_t> slots, const std::int32_t* sums, Projected* out) {
  project_in_tiles(tiles, minus, rows, slots, sums, out);
}

MATSURI_TARGET Compared compare(const Burst& burst, const ProjectedRows& rows, std::size_t start) {
  return compare_with_vectors(burst, rows, start);
}

}  // namespace

constexpr KernelFunctions avx2_functions = {
    .expand = expand, .sum_rows = sum_rows, .project = project, .compare = compare};

}  // namespace matsuri::match::internal

#endif
