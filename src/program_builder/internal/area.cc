#include "program_builder/internal/area.h"

#include <algorithm>
#include <cstring>
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

// The sum of the samples [begin, end) of a row.
std::uint64_t sum_of(const Plane& plane, const std::uint8_t* row, std::int64_t begin,
                     std::int64_t end) {
  if (plane.depth <= 8 && plane.step_x == 1 && plane.shift == 0) {
    std::uint32_t sum = 0;  // a row is at most 2^16 samples
    for (const std::uint8_t* at = row + begin; at < row + end; ++at) sum += *at;
    return sum;
  }
  std::uint64_t sum = 0;
  for (std::int64_t i = begin; i < end; ++i) sum += sample_at(plane, row + i * plane.step_x);
  return sum;
}

// A row's share of each column of cells.
void add_row(const Plane& plane, const std::uint8_t* row, const Axis& axis,
             std::span<std::uint64_t> columns) {
  for (std::size_t column = 0; column < columns.size(); ++column) {
    const auto cell = static_cast<std::int64_t>(column);
    std::int64_t begin = axis.first(cell), end = axis.last(cell);
    if (begin >= end) {
      columns[column] = 0;
      continue;
    }
    // Only the first and the last sample of a cell may be cut by its border.
    const auto part = [&](std::int64_t i) {
      return static_cast<std::uint64_t>(axis.overlap(i, cell)) *
             sample_at(plane, row + i * plane.step_x);
    };
    std::uint64_t sum = part(begin);
    if (end - begin > 1) sum += part(end - 1);
    if (end - begin > 2)
      sum += static_cast<std::uint64_t>(axis.cells) * sum_of(plane, row, begin + 1, end - 1);
    columns[column] = sum;
  }
}

}  // namespace

void area_sums(const Plane& plane, const Placement& placement, Grid grid, std::uint32_t outside,
               std::span<std::uint64_t> sums) {
  const Axis across{grid.columns, placement.canvas_width, placement.x, plane.width};
  const Axis down{grid.rows, placement.canvas_height, placement.y, plane.height};
  MATSURI_ASSERT(across.from >= 0 && across.from + across.samples <= across.canvas);
  MATSURI_ASSERT(down.from >= 0 && down.from + down.samples <= down.canvas);
  const auto column_count = static_cast<std::size_t>(grid.columns);
  std::vector<std::uint64_t> columns(column_count);
  const auto whole = static_cast<std::uint64_t>(across.canvas * down.canvas);
  for (std::int64_t row = 0; row < grid.rows; ++row) {
    const auto out = sums.subspan(static_cast<std::size_t>(row) * column_count, column_count);
    for (std::int64_t column = 0; column < grid.columns; ++column) {
      const auto covered = static_cast<std::uint64_t>(across.covered(column) * down.covered(row));
      out[static_cast<std::size_t>(column)] = outside * (whole - covered);
    }
    for (std::int64_t y = down.first(row); y < down.last(row); ++y) {
      add_row(plane, plane.base + y * plane.step_y, across, columns);
      const auto weight = static_cast<std::uint64_t>(down.overlap(y, row));
      for (std::size_t i = 0; i < column_count; ++i) out[i] += weight * columns[i];
    }
  }
}

}  // namespace matsuri::program_builder
