// Means of areas: how a picture of any size becomes a few cells. In whole numbers, so that every
// machine and every number of threads gives the same.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace matsuri::program_builder {

// One component of a picture in memory that somebody else owns: sample (x, y) is at
// base + x * step_x + y * step_y, so turned and mirrored pictures are views, too.
struct Plane {
  const std::uint8_t* base = nullptr;
  std::ptrdiff_t step_x = 1;
  std::ptrdiff_t step_y = 0;
  int width = 0;
  int height = 0;
  int depth = 8;  // bits of a sample: 8 in one byte, more in two (little-endian)
  int shift = 0;  // of the sample within its bytes
};

// Where a picture lies on its canvas, both in samples of the picture.
struct Placement {
  int canvas_width = 0;
  int canvas_height = 0;
  int x = 0;
  int y = 0;
};

// How many cells a canvas is cut into.
struct Grid {
  int columns = 0;
  int rows = 0;
};

// For each cell of the canvas, row by row: the sum of its samples, each times the part of it that
// is in the cell. The whole of a cell weighs canvas_width * canvas_height; canvas without picture
// adds `outside` for each sample. REQUIRES: the picture lies within the canvas; sums.size() is the
// number of cells.
void area_sums(const Plane& plane, const Placement& placement, Grid grid, std::uint32_t outside,
               std::span<std::uint64_t> sums);

}  // namespace matsuri::program_builder
