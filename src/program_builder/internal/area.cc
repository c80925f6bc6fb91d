#include "program_builder/internal/area.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <numeric>
#include <vector>

#include "base/assert.h"

namespace matsuri::program_builder {
namespace {

// Along one axis, a sample is as long as there are cells, and a cell as there are samples on the
// canvas: so every border is a whole number.
struct Axis {
  std::int64_t cells;   // the length of a sample
  std::int64_t canvas;  // the length of a cell
  std::int64_t from;    // samples of canvas in front of the picture
  std::int64_t samples;

  // The part of sample `i` that is in the cell.
  std::int64_t overlap(std::int64_t i, std::int64_t cell) const {
    const std::int64_t begin = std::max((from + i) * cells, cell * canvas);
    const std::int64_t end = std::min((from + i + 1) * cells, (cell + 1) * canvas);
    return std::max<std::int64_t>(end - begin, 0);
  }
  // The part of the picture that is in the cell.
  std::int64_t covered(std::int64_t cell) const {
    const std::int64_t begin = std::max(from * cells, cell * canvas);
    const std::int64_t end = std::min((from + samples) * cells, (cell + 1) * canvas);
    return std::max<std::int64_t>(end - begin, 0);
  }
  // The samples that the cell has a part of: [first, last).
  std::int64_t first(std::int64_t cell) const {
    return std::clamp<std::int64_t>(cell * canvas / cells - from, 0, samples);
  }
  std::int64_t last(std::int64_t cell) const {
    return std::clamp<std::int64_t>(((cell + 1) * canvas + cells - 1) / cells - from, 0, samples);
  }
};

std::uint32_t sample_at(const Plane& plane, const std::uint8_t* at) {
  if (plane.depth <= 8) return static_cast<std::uint32_t>(*at >> plane.shift);
  std::uint16_t wide;
  std::memcpy(&wide, at, sizeof wide);
  return static_cast<std::uint32_t>(wide >> plane.shift) & ((1U << plane.depth) - 1);
}

// Adds `weight` times each of the rows [begin, end) to `line`. Most of the time of a picture goes
// by here, so sums are no wider than a few hundred rows need: a compiler adds 8 at once then.
template <class Sum, class Read>
void add_rows(const Plane& plane, std::int64_t begin, std::int64_t end, std::int64_t weight,
              std::span<std::uint64_t> line, Read read) {
  constexpr int sample_max = sizeof(Sum) == 2 ? UINT8_MAX : UINT16_MAX;
  constexpr std::int64_t block_rows = std::numeric_limits<Sum>::max() / sample_max;
  std::vector<Sum> sums(line.size());
  for (; begin < end; begin += block_rows) {
    std::ranges::fill(sums, Sum{0});
    for (std::int64_t y = begin; y < std::min(end, begin + block_rows); ++y) {
      const std::uint8_t* const row = plane.base + y * plane.step_y;
      for (std::size_t x = 0; x < sums.size(); ++x) sums[x] += static_cast<Sum>(read(row, x));
    }
    for (std::size_t x = 0; x < sums.size(); ++x)
      line[x] += static_cast<std::uint64_t>(weight) * sums[x];
  }
}

void add_rows(const Plane& plane, std::int64_t begin, std::int64_t end, std::int64_t weight,
              std::span<std::uint64_t> line) {
  const auto any = [&plane](const std::uint8_t* row, std::size_t x) {
    return sample_at(plane, row + static_cast<std::ptrdiff_t>(x) * plane.step_x);
  };
  if (plane.depth > 8)
    add_rows<std::uint32_t>(plane, begin, end, weight, line, any);
  else if (plane.step_x != 1 || plane.shift != 0)
    add_rows<std::uint16_t>(plane, begin, end, weight, line, any);
  else
    add_rows<std::uint16_t>(plane, begin, end, weight, line,
                            [](const std::uint8_t* row, std::size_t x) { return row[x]; });
}

// Calls add(begin, end, part) for the samples that the cell has a part of, of the same part each:
// only the first and the last may be cut by its border.
template <class Add>
void for_parts(const Axis& axis, std::int64_t cell, Add add) {
  const std::int64_t begin = axis.first(cell), end = axis.last(cell);
  if (begin >= end) return;
  add(begin, begin + 1, axis.overlap(begin, cell));
  if (end - begin > 2) add(begin + 1, end - 1, axis.cells);
  if (end - begin > 1) add(end - 1, end, axis.overlap(end - 1, cell));
}

}  // namespace

void area_sums(const Plane& plane, const Placement& placement, Grid grid, std::uint32_t outside,
               std::span<std::uint64_t> sums) {
  const Axis across{grid.columns, placement.canvas_width, placement.x, plane.width};
  const Axis down{grid.rows, placement.canvas_height, placement.y, plane.height};
  MATSURI_ASSERT(across.from >= 0 && across.from + across.samples <= across.canvas);
  MATSURI_ASSERT(down.from >= 0 && down.from + down.samples <= down.canvas);
  const auto whole = static_cast<std::uint64_t>(across.canvas * down.canvas);
  // A row of cells, not yet cut into columns: for each x, the samples of it in this row.
  std::vector<std::uint64_t> line(static_cast<std::size_t>(plane.width));
  auto out = sums.begin();
  for (std::int64_t row = 0; row < grid.rows; ++row) {
    std::ranges::fill(line, 0);
    for_parts(down, row, [&](std::int64_t begin, std::int64_t end, std::int64_t part) {
      add_rows(plane, begin, end, part, line);
    });
    for (std::int64_t column = 0; column < grid.columns; ++column) {
      const auto covered = static_cast<std::uint64_t>(across.covered(column) * down.covered(row));
      std::uint64_t sum = outside * (whole - covered);
      for_parts(across, column, [&](std::int64_t begin, std::int64_t end, std::int64_t part) {
        sum += static_cast<std::uint64_t>(part) *
               std::accumulate(line.begin() + begin, line.begin() + end, std::uint64_t{0});
      });
      *out++ = sum;
    }
  }
}

}  // namespace matsuri::program_builder
