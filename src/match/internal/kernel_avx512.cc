// The kernel for AVX-512 with VNNI: one instruction multiplies 64 cells and adds four by four, so a
// lane of a register is a pattern of the block, and nothing is left to be added across lanes.
#include "match/internal/kernel.h"
#include "match/internal/tiles.h"
#include "match/internal/vectors.h"

#ifdef __x86_64__
#include <immintrin.h>

#include <utility>

#define MATSURI_TARGET [[gnu::target("avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]]

namespace matsuri::match::internal {
namespace {

constexpr std::size_t tile_max = 16;  // rows at a time: each has a register, and the patterns one

MATSURI_TARGET void expand(const Seed& seed, std::uint8_t* minus) {
  expand_with_vectors<Words>(seed, minus);
}

MATSURI_TARGET void sum_rows(const std::int8_t* rows, std::size_t count, std::int32_t* sums) {
  const __m512i ones = _mm512_set1_epi8(1);
  for (std::size_t row = 0; row < count; ++row) {
    __m512i sum = _mm512_setzero_si512();
    for (std::size_t cell = 0; cell < cell_count; cell += 64)
      sum = _mm512_dpbusd_epi32(sum, ones, _mm512_loadu_si512(rows + row * cell_count + cell));
    sums[row] = _mm512_reduce_add_epi32(sum);
  }
}

template <std::size_t RowCount>
MATSURI_TARGET void project_tile(const std::uint8_t* minus, const std::int8_t* rows,
                                 const std::uint8_t* slots, const std::int32_t* sums,
                                 Projected* out) {
  __m512i below[RowCount];
  const std::int8_t* row[RowCount];
#pragma clang loop unroll(full)
  for (std::size_t r = 0; r < RowCount; ++r) {
    below[r] = _mm512_setzero_si512();
    row[r] = rows + slots[r] * cell_count;
  }
  for (std::size_t cell = 0; cell < cell_count; cell += 4) {
    const __m512i signs = _mm512_load_si512(minus + cell * patterns_per_block);
#pragma clang loop unroll(full)
    for (std::size_t r = 0; r < RowCount; ++r) {
      std::int32_t four;
      std::memcpy(&four, row[r] + cell, sizeof four);
      below[r] = _mm512_dpbusd_epi32(below[r], signs, _mm512_set1_epi32(four));
    }
  }
#pragma clang loop unroll(full)
  for (std::size_t r = 0; r < RowCount; ++r) {
    _mm512_store_si512(
        out[slots[r]].values.data(),
        _mm512_sub_epi32(_mm512_set1_epi32(sums[slots[r]]), _mm512_slli_epi32(below[r], 1)));
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

constexpr KernelFunctions avx512_vnni_functions = {
    .expand = expand, .sum_rows = sum_rows, .project = project, .compare = compare};

}  // namespace matsuri::match::internal

#endif
