// What a drawing looks like, in pixels: one rule in whole numbers, so that every machine agrees on
// which drawing is blank and which is on a list.
//
// Distances are in quarters of a pixel; the pixel in column i of row j has its centre at
// (4i + 2, 4j + 2). A stroke covers the pixels whose centre is at most half the pen's width from a
// line between two of its neighbouring points (or from its only point): round ends, round corners.
// Strokes are laid on one after the other; an eraser's pixels become paper.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "drawing/drawing.h"

namespace matsuri::drawing {

// Of a pen, in quarters of a pixel: half of 2, 4 and 8 pixels. REQUIRES: 1 <= pen <= pen_count.
constexpr std::int32_t pen_radius(std::int32_t pen) { return 2 << pen; }

// A row of pixels, the leftmost in the highest bit of the first word; 1 is ink.
inline constexpr std::size_t words_per_row = width_px / 64;
using BitmapRow = std::array<std::uint64_t, words_per_row>;
static_assert(width_px % 64 == 0);

// The whole canvas; 4 800 bytes, held in place.
struct Bitmap {
  std::array<BitmapRow, height_px> rows{};

  // REQUIRES: 0 <= x < width_px, 0 <= y < height_px.
  bool is_ink(std::int32_t x, std::int32_t y) const {
    const auto column = static_cast<std::size_t>(x);
    return (rows[static_cast<std::size_t>(y)][column / 64] >> (63 - column % 64) & 1) != 0;
  }
  std::int32_t ink_count() const;

  bool operator==(const Bitmap&) const = default;
};

// REQUIRES: clean() or decode() gave the drawing.
Bitmap rasterise(const Drawing& drawing);

// 64 bits that stay nearly the same where a picture is moved, scaled, or has a few strokes more:
// count the bits in which two differ. A difference hash: the part of the canvas that holds the ink
// (but for 1/32 of it at each side, so that a dot in a corner moves nothing) is cut into 8 rows of
// 9 cells, and each bit tells whether a cell has more ink than its right neighbour. The first row
// is in the highest bits. A blank picture has 0; so may one of a few pixels, of which nothing can
// be known again.
std::uint64_t perceptual_hash(const Bitmap& bitmap);

}  // namespace matsuri::drawing
