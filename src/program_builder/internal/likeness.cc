#include "program_builder/internal/likeness.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include <algorithm>
#include <cmath>
#include <cstring>
#include <memory>
#include <numeric>

#include "base/assert.h"

// The last bit of a float must not depend on whether a processor multiplies and adds at once.
#pragma clang fp contract(off)

namespace matsuri::program_builder {
namespace {

constexpr double left_out = 0.75;      // of what is still: 2 alpha - alpha^2
constexpr double energy_floor = 0.05;  // of a cell of a frame, in features
constexpr std::size_t cells = match::cell_count;
constexpr std::size_t tile_rows = 512;  // bursts that are compared at once: tiles fit the L2 cache
constexpr std::size_t margin = burst_row_count - 1;
constexpr float score_steps = 16'777'216;  // scores as integers, whose maximum is found quickly

// Frame f is at 1.25 f rows, halves to the even one.
constexpr std::array<std::uint8_t, burst_frame_count> frame_rows = {
    0, 1, 2, 4, 5, 6, 8, 9, 10, 11, 12, 14, 15, 16, 18, 19, 20, 21, 22, 24, 25, 26, 28, 29};

constexpr std::size_t query_rows_max = likeness_count_max + margin;
// A tile's rows, to whole blocks of what a kernel takes at once.
constexpr std::size_t block_rows = 32;
constexpr std::size_t block_count = (tile_rows + margin + block_rows - 1) / block_rows;

struct alignas(32) WideRow : std::array<std::int16_t, cells> {};
// Cells of the rows of a block, four by four: first those of all its rows, then the next.
struct alignas(64) PackedBlock : std::array<std::array<std::uint32_t, block_rows>, cells / 4> {};
struct alignas(64) ProductRow : std::array<std::int32_t, block_count * block_rows> {};

// All that a thread needs: rows as its kernel wants them, products of rows, and sums of them.
struct Workspace {
  std::array<WideRow, query_rows_max> queries;
  std::array<WideRow, tile_rows + margin> among;
  std::array<PackedBlock, block_count> packed;
  std::array<ProductRow, query_rows_max> products;
  // Of a query's row with all frames of a burst.
  std::array<std::array<std::int32_t, tile_rows>, query_rows_max> sums;
  std::array<std::int32_t, tile_rows> scores;
};

using Rows = std::span<const match::Row>;

struct Tile {
  Rows queries, among;
  std::size_t query_first = 0, query_count = 0;
  std::size_t first = 0, count = 0;  // of the bursts compared with
};

template <std::size_t Count>
void widen(Rows rows, std::array<WideRow, Count>& out) {
  for (std::size_t i = 0; i < rows.size(); ++i) std::ranges::copy(rows[i], out[i].begin());
}

// The products of the rows of the queries with the others.
void multiply(Workspace& work, Rows queries, Rows among) {
  widen(queries, work.queries);
  widen(among, work.among);
  for (std::size_t y = 0; y < queries.size(); ++y) {
    for (std::size_t x = 0; x < among.size(); ++x) {
      std::int32_t sum = 0;
      for (std::size_t cell = 0; cell < cells; ++cell)
        sum += work.queries[y][cell] * work.among[x][cell];
      work.products[y][x] = sum;
    }
  }
}

#if defined(__x86_64__)
template <std::size_t High, std::size_t Wide>
[[gnu::target("avx2"), gnu::always_inline]] inline void multiply_block(Workspace& work,
                                                                       std::size_t y,
                                                                       std::size_t x) {
  __m256i sums[High][Wide];
  for (auto& row : sums)
    for (__m256i& sum : row) sum = _mm256_setzero_si256();
  for (std::size_t cell = 0; cell < cells; cell += 16) {
    __m256i others[Wide];
    for (std::size_t j = 0; j < Wide; ++j)
      others[j] = _mm256_load_si256(reinterpret_cast<const __m256i*>(&work.among[x + j][cell]));
    for (std::size_t i = 0; i < High; ++i) {
      const __m256i query =
          _mm256_load_si256(reinterpret_cast<const __m256i*>(&work.queries[y + i][cell]));
      for (std::size_t j = 0; j < Wide; ++j)
        sums[i][j] = _mm256_add_epi32(sums[i][j], _mm256_madd_epi16(query, others[j]));
    }
  }
  for (std::size_t i = 0; i < High; ++i) {
    for (std::size_t j = 0; j < Wide; ++j) {
      const __m128i half = _mm_add_epi32(_mm256_castsi256_si128(sums[i][j]),
                                         _mm256_extracti128_si256(sums[i][j], 1));
      const __m128i pair = _mm_add_epi32(half, _mm_shuffle_epi32(half, 0x4e));
      const __m128i one = _mm_add_epi32(pair, _mm_shuffle_epi32(pair, 0xb1));
      work.products[y + i][x + j] = _mm_cvtsi128_si32(one);
    }
  }
}

[[gnu::target("avx2")]] void multiply_avx2(Workspace& work, Rows queries, Rows among) {
  widen(queries, work.queries);
  widen(among, work.among);
  const std::size_t high = queries.size(), wide = among.size();
  std::size_t y = 0;
  for (; y + 4 <= high; y += 4) {
    std::size_t x = 0;
    for (; x + 3 <= wide; x += 3) multiply_block<4, 3>(work, y, x);
    for (; x < wide; ++x) multiply_block<4, 1>(work, y, x);
  }
  for (; y < high; ++y)
    for (std::size_t x = 0; x < wide; ++x) multiply_block<1, 1>(work, y, x);
}

#define MATSURI_TARGET_VNNI gnu::target("avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")

// vpdpbusd multiplies bytes without a sign by such with one: the first get 128 more, and of what
// comes out 128 times the sum of the second is too much.
constexpr std::uint32_t four_signs = 0x80808080;
constexpr std::int32_t sign = 128;

void pack(Rows rows, std::array<PackedBlock, block_count>& out) {
  for (std::size_t i = 0; i < block_count * block_rows; ++i) {
    PackedBlock& block = out[i / block_rows];
    for (std::size_t four = 0; four < block.size(); ++four) {
      std::uint32_t value = 0;
      if (i < rows.size()) std::memcpy(&value, &rows[i][four * 4], sizeof value);
      block[four][i % block_rows] = value ^ four_signs;
    }
  }
}

template <std::size_t High>
[[MATSURI_TARGET_VNNI]] void multiply_packed(Workspace& work, Rows queries, std::size_t y,
                                             std::size_t block) {
  __m512i sums[High][2];
  for (auto& row : sums)
    for (__m512i& sum : row) sum = _mm512_setzero_si512();
  for (std::size_t four = 0; four < cells / 4; ++four) {
    const std::uint32_t* const others = work.packed[block][four].data();
    const __m512i left = _mm512_load_si512(others), right = _mm512_load_si512(others + 16);
    for (std::size_t i = 0; i < High; ++i) {
      std::int32_t value;
      std::memcpy(&value, &queries[y + i][four * 4], sizeof value);
      const __m512i query = _mm512_set1_epi32(value);
      sums[i][0] = _mm512_dpbusd_epi32(sums[i][0], left, query);
      sums[i][1] = _mm512_dpbusd_epi32(sums[i][1], right, query);
    }
  }
  for (std::size_t i = 0; i < High; ++i) {
    const std::int32_t sum = std::accumulate(queries[y + i].begin(), queries[y + i].end(), 0);
    std::int32_t* const out = &work.products[y + i][block * block_rows];
    for (std::size_t half = 0; half < 2; ++half)
      _mm512_store_si512(out + half * 16,
                         _mm512_sub_epi32(sums[i][half], _mm512_set1_epi32(sign * sum)));
  }
}

[[MATSURI_TARGET_VNNI]] void multiply_vnni(Workspace& work, Rows queries, Rows among) {
  pack(among, work.packed);
  const std::size_t used = (among.size() + block_rows - 1) / block_rows;
  for (std::size_t block = 0; block < used; ++block) {
    std::size_t y = 0;
    for (; y + 8 <= queries.size(); y += 8) multiply_packed<8>(work, queries, y, block);
    for (; y < queries.size(); ++y) multiply_packed<1>(work, queries, y, block);
  }
}
#endif

// The scores of one query, as integers, left in work.scores.
[[gnu::always_inline]] inline void score(Workspace& work, std::size_t query, std::size_t count,
                                         const float* inverses, float own_inverse) {
  constexpr auto part = static_cast<float>(left_out / burst_frame_count);
  std::array<std::int32_t, tile_rows> matched{};
  std::array<float, tile_rows> mixed{};
  for (const std::size_t frame : frame_rows) {
    const std::int32_t* const products = work.products[query + frame].data() + frame;
    const std::int32_t* const sums = work.sums[query + frame].data();
    for (std::size_t x = 0; x < count; ++x) {
      matched[x] += products[x];
      mixed[x] += static_cast<float>(sums[x]);
    }
  }
  for (std::size_t x = 0; x < count; ++x) {
    const float common = static_cast<float>(matched[x]) - part * mixed[x];
    work.scores[x] = static_cast<std::int32_t>(common * inverses[x] * own_inverse * score_steps);
  }
}

// Takes over the best of scores[begin, end).
[[gnu::always_inline]] inline void keep_best(const Workspace& work, std::size_t begin,
                                             std::size_t end, std::size_t first, Likeness& best) {
  std::int32_t most = static_cast<std::int32_t>(-score_steps);
  for (std::size_t x = begin; x < end; ++x) most = std::max(most, work.scores[x]);
  const float value = static_cast<float>(most) / score_steps;
  if (begin >= end || value <= best.score) return;
  const auto found = std::find(work.scores.begin() + static_cast<std::ptrdiff_t>(begin),
                               work.scores.begin() + static_cast<std::ptrdiff_t>(end), most);
  best = {.score = value,
          .row = static_cast<std::int32_t>(first +
                                           static_cast<std::size_t>(found - work.scores.begin()))};
}

// What is left when all products are there.
[[gnu::always_inline]] inline void compare(Workspace& work, const Tile& tile, const float* own,
                                           const float* inverses, std::size_t apart,
                                           Likeness* out) {
  const std::size_t high = tile.query_count + margin;
  for (std::size_t y = 0; y < high; ++y) {
    for (std::size_t x = 0; x < tile.count; ++x) {
      std::int32_t sum = 0;
      for (const std::size_t frame : frame_rows) sum += work.products[y][x + frame];
      work.sums[y][x] = sum;
    }
  }
  for (std::size_t query = 0; query < tile.query_count; ++query) {
    score(work, query, tile.count, inverses, own[query]);
    if (apart == 0) {
      keep_best(work, 0, tile.count, tile.first, out[query]);
      continue;
    }
    // Those that begin before the query by more than `apart`, and those behind it.
    const std::size_t row = tile.query_first + query;
    const std::size_t before = row > apart ? row - apart : 0;  // the first too near
    const std::size_t behind = row + apart + 1;
    const auto within_tile = [&](std::size_t at) {
      return std::clamp(at, tile.first, tile.first + tile.count) - tile.first;
    };
    keep_best(work, 0, within_tile(before), tile.first, out[query]);
    keep_best(work, within_tile(behind), tile.count, tile.first, out[query]);
  }
}

// The same for each kind of processor: whole numbers, and floats in one order.
using Compare = void (*)(Workspace&, const Tile&, const float*, const float*, std::size_t,
                         Likeness*);
void compare_plain(Workspace& work, const Tile& tile, const float* own, const float* inverses,
                   std::size_t apart, Likeness* out) {
  multiply(work, tile.queries, tile.among);
  compare(work, tile, own, inverses, apart, out);
}
#if defined(__x86_64__)
[[gnu::target("avx2")]] void compare_avx2(Workspace& work, const Tile& tile, const float* own,
                                          const float* inverses, std::size_t apart, Likeness* out) {
  multiply_avx2(work, tile.queries, tile.among);
  compare(work, tile, own, inverses, apart, out);
}
[[MATSURI_TARGET_VNNI]] void compare_vnni(Workspace& work, const Tile& tile, const float* own,
                                          const float* inverses, std::size_t apart, Likeness* out) {
  multiply_vnni(work, tile.queries, tile.among);
  compare(work, tile, own, inverses, apart, out);
}
#endif

Compare compare_of(Kernel kernel) {
#if defined(__x86_64__)
  if (kernel == Kernel::avx512_vnni) return compare_vnni;
  if (kernel == Kernel::avx2) return compare_avx2;
#endif
  MATSURI_ASSERT(kernel == Kernel::plain);
  return compare_plain;
}

}  // namespace

std::vector<Kernel> kernels() {
  std::vector<Kernel> found{Kernel::plain};
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx2") != 0) found.push_back(Kernel::avx2);
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
      __builtin_cpu_supports("avx512vnni"))
    found.push_back(Kernel::avx512_vnni);
#endif
  return found;
}

Kernel best_kernel() { return kernels().back(); }

std::span<const std::uint8_t, burst_frame_count> burst_rows() { return frame_rows; }

double Energy::counted() const {
  return static_cast<double>(whole) - left_out * static_cast<double>(still) / burst_frame_count;
}

std::vector<Energy> energies_of(std::span<const match::Row> rows) {
  std::vector<std::int64_t> of_row(rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i)
    for (const std::int32_t cell : rows[i]) of_row[i] += cell * cell;
  std::vector<Energy> energies(start_count_of(rows.size()));
  for (std::size_t start = 0; start < energies.size(); ++start) {
    std::array<std::int32_t, cells> sum{};
    for (const std::size_t frame : frame_rows) {
      energies[start].whole += of_row[start + frame];
      for (std::size_t cell = 0; cell < cells; ++cell) sum[cell] += rows[start + frame][cell];
    }
    for (const std::int64_t cell : sum) energies[start].still += cell * cell;
  }
  return energies;
}

Bursts::Bursts(std::span<const match::Row> rows) : rows_(rows) {
  constexpr double floor =
      energy_floor * cells * burst_frame_count * match::feature_scale * match::feature_scale;
  for (const Energy& energy : energies_of(rows))
    inverses_.push_back(static_cast<float>(1 / std::sqrt(energy.counted() + floor)));
}

void find_alike(const Bursts& queries, std::size_t first, const Bursts& among, std::size_t apart,
                std::span<Likeness> out, Kernel kernel) {
  MATSURI_ASSERT(out.size() <= likeness_count_max && first + out.size() <= queries.count());
  const Compare run = compare_of(kernel);
  if (out.empty() || among.count() == 0) return;
  const auto work = std::make_unique_for_overwrite<Workspace>();
  for (std::size_t at = 0; at < among.count(); at += tile_rows) {
    const std::size_t count = std::min(tile_rows, among.count() - at);
    const Tile tile{.queries = queries.rows().subspan(first, out.size() + margin),
                    .among = among.rows().subspan(at, count + margin),
                    .query_first = first,
                    .query_count = out.size(),
                    .first = at,
                    .count = count};
    run(*work, tile, queries.inverses().data() + first, among.inverses().data() + at, apart,
        out.data());
  }
}

}  // namespace matsuri::program_builder
