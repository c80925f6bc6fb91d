#include "drawing/raster.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "base/assert.h"

namespace matsuri::drawing {
namespace {

// Columns first..last, both included; none where last < first.
struct Span {
  std::int32_t first = width_px;
  std::int32_t last = -1;

  bool is_empty() const { return last < first; }
  void add(Span other) {
    if (other.is_empty()) return;
    first = std::min(first, other.first);
    last = std::max(last, other.last);
  }
  void keep(Span other) {
    first = std::max(first, other.first);
    last = std::min(last, other.last);
  }
};

constexpr Span whole_row{.first = 0, .last = width_px - 1};

// Rounds towards the smaller number. REQUIRES: divisor > 0.
constexpr std::int32_t floor_divide(std::int32_t value, std::int32_t divisor) {
  const std::int32_t quotient = value / divisor;
  return quotient - (value % divisor < 0 ? 1 : 0);
}

// The columns (or rows) whose centres lie within low..high.
constexpr Span centres_within(std::int32_t low, std::int32_t high) {
  return {.first = (low + 1) >> 2, .last = (high - 2) >> 2};
}

// The columns i with |slope * i + offset| <= bound.
Span solve(std::int32_t slope, std::int32_t offset, std::int32_t bound) {
  if (slope == 0) return std::abs(offset) <= bound ? whole_row : Span{};
  if (slope < 0) {
    slope = -slope;
    offset = -offset;
  }
  return {.first = -floor_divide(bound + offset, slope),
          .last = floor_divide(bound - offset, slope)};
}

// Half the width of a disc at each distance from its centre, rounded down: for whole numbers,
// |x| <= sqrt(n) and |x| <= floor(sqrt(n)) are the same. IEEE 754 rounds square roots correctly,
// and below 2^52 no rounding reaches the next whole number.
std::int32_t square_root(std::int32_t n) {
  return static_cast<std::int32_t>(std::sqrt(static_cast<double>(n)));
}

// Lays one stroke after the other on a bitmap.
//
// The pixels within r of the line from A to B are those in the disc around A, in the disc around B,
// or in the band between them: at most r from the line, and its foot within A..B. Each of the three
// cuts a row in one run of columns, and as the whole is convex, so is what they cover together: the
// run from the first to the last of all. All bounds are whole numbers below 2^31.
class Brush {
 public:
  Brush(Bitmap& bitmap, const Stroke& stroke)
      : bitmap_(bitmap), eraser_(stroke.eraser), radius_(pen_radius(stroke.pen)) {
    for (std::int32_t dy = 0; dy <= radius_; ++dy)
      half_width_[static_cast<std::size_t>(dy)] = square_root(radius_ * radius_ - dy * dy);
  }

  void dot(Point at) {
    Span rows = centres_within(at.y - radius_, at.y + radius_);
    rows.keep({.first = 0, .last = height_px - 1});
    for (std::int32_t row = rows.first; row <= rows.last; ++row) fill(row, disc(at, row));
  }

  // REQUIRES: the points differ in place.
  void line(Point from, Point to) {
    const std::int32_t dx = to.x - from.x, dy = to.y - from.y;
    const std::int32_t length_squared = dx * dx + dy * dy;
    const std::int32_t reach = square_root(radius_ * radius_ * length_squared);
    Span rows = centres_within(std::min(from.y, to.y) - radius_, std::max(from.y, to.y) + radius_);
    rows.keep({.first = 0, .last = height_px - 1});
    for (std::int32_t row = rows.first; row <= rows.last; ++row) {
      // From A to the centre of column 0. With it the cross product of AB and the way to column i
      // is a line in i, as is twice the dot product less AB², which is within ±AB² along AB.
      const std::int32_t x = 2 - from.x, y = quarters_per_px * row + 2 - from.y;
      Span band = solve(-quarters_per_px * dy, dx * y - dy * x, reach);
      band.keep(
          solve(2 * quarters_per_px * dx, 2 * (dx * x + dy * y) - length_squared, length_squared));
      Span covered = disc(from, row);
      covered.add(disc(to, row));
      covered.add(band);
      fill(row, covered);
    }
  }

 private:
  Span disc(Point centre, std::int32_t row) const {
    const std::int32_t dy = std::abs(quarters_per_px * row + 2 - centre.y);
    if (dy > radius_) return {};
    const std::int32_t half = half_width_[static_cast<std::size_t>(dy)];
    return centres_within(centre.x - half, centre.x + half);
  }

  void fill(std::int32_t row, Span span) {
    span.keep(whole_row);
    if (span.is_empty()) return;
    BitmapRow& words = bitmap_.rows[static_cast<std::size_t>(row)];
    const auto first = static_cast<std::size_t>(span.first);
    const auto last = static_cast<std::size_t>(span.last);
    for (std::size_t i = first / 64; i <= last / 64; ++i) {
      std::uint64_t mask = ~std::uint64_t{0};
      if (i == first / 64) mask &= ~std::uint64_t{0} >> first % 64;
      if (i == last / 64) mask &= ~std::uint64_t{0} << (63 - last % 64);
      words[i] = eraser_ ? words[i] & ~mask : words[i] | mask;
    }
  }

  Bitmap& bitmap_;
  bool eraser_;
  std::int32_t radius_;
  std::array<std::int32_t, pen_radius(pen_count) + 1> half_width_{};
};

void draw(Bitmap& bitmap, const Stroke& stroke) {
  Brush brush(bitmap, stroke);
  const Point* last = nullptr;
  bool moved = false;
  for (const Point& point : stroke.points) {
    MATSURI_DEBUG_ASSERT(point.x >= 0 && point.x <= x_max && point.y >= 0 && point.y <= y_max);
    if (last != nullptr && (point.x != last->x || point.y != last->y)) {
      brush.line(*last, point);
      moved = true;
    }
    last = &point;
  }
  if (!moved && last != nullptr) brush.dot(*last);
}

// Ink in the columns first..last - 1 of a row.
std::int32_t ink_within(const BitmapRow& row, std::size_t first, std::size_t last) {
  std::int32_t count = 0;
  for (std::size_t i = first / 64; i * 64 < last; ++i) {
    std::uint64_t word = row[i];
    if (i == first / 64) word &= ~std::uint64_t{0} >> first % 64;
    if (last - i * 64 < 64) word &= ~(~std::uint64_t{0} >> (last - i * 64));
    count += std::popcount(word);
  }
  return count;
}

// A half-open stretch of columns or rows.
struct Stretch {
  std::size_t first = 0;
  std::size_t last = 0;

  // Where the cell `index` of `count` begins.
  std::size_t begin_of(std::size_t index, std::size_t count) const {
    return first + (last - first) * index / count;
  }
};

// The stretch without 1/32 of the ink at each side, and at least cell_count_min wide.
template <std::size_t size>
Stretch stretch_of_ink(const std::array<std::int32_t, size>& counts, std::size_t cell_count_min) {
  std::int32_t total = 0;
  for (const std::int32_t count : counts) total += count;
  const std::int32_t left_out_max = total / 32;
  Stretch stretch{.first = 0, .last = size};
  for (std::int32_t out = 0; stretch.first + 1 < stretch.last; ++stretch.first)
    if ((out += counts[stretch.first]) > left_out_max) break;
  for (std::int32_t out = 0; stretch.first + 1 < stretch.last; --stretch.last)
    if ((out += counts[stretch.last - 1]) > left_out_max) break;
  while (stretch.last - stretch.first < cell_count_min) {
    if (stretch.first > 0) --stretch.first;
    if (stretch.last < size) ++stretch.last;
  }
  return stretch;
}

}  // namespace

std::int32_t Bitmap::ink_count() const {
  std::int32_t count = 0;
  for (const BitmapRow& row : rows)
    for (const std::uint64_t word : row) count += std::popcount(word);
  return count;
}

Bitmap rasterise(const Drawing& drawing) {
  Bitmap bitmap;
  for (const Stroke& stroke : drawing.strokes) draw(bitmap, stroke);
  return bitmap;
}

std::uint64_t perceptual_hash(const Bitmap& bitmap) {
  constexpr std::size_t column_count = 9, row_count = 8;
  std::array<std::int32_t, width_px> by_column{};
  std::array<std::int32_t, height_px> by_row{};
  for (std::size_t y = 0; y < height_px; ++y) {
    for (std::size_t word = 0; word < words_per_row; ++word) {
      for (std::uint64_t rest = bitmap.rows[y][word]; rest != 0;) {
        const auto bit = static_cast<std::size_t>(std::countl_zero(rest));
        ++by_column[word * 64 + bit];
        ++by_row[y];
        rest ^= std::uint64_t{1} << (63 - bit);
      }
    }
  }
  const Stretch columns = stretch_of_ink(by_column, column_count);
  const Stretch rows = stretch_of_ink(by_row, row_count);

  std::uint64_t hash = 0;
  for (std::size_t row = 0; row < row_count; ++row) {
    std::array<std::int32_t, column_count> ink{}, width{};
    for (std::size_t column = 0; column < column_count; ++column) {
      const std::size_t first = columns.begin_of(column, column_count);
      const std::size_t last = columns.begin_of(column + 1, column_count);
      width[column] = static_cast<std::int32_t>(last - first);
      for (std::size_t y = rows.begin_of(row, row_count); y < rows.begin_of(row + 1, row_count);
           ++y)
        ink[column] += ink_within(bitmap.rows[y], first, last);
    }
    // Cells differ in width by a column, so it is their densities that are compared.
    for (std::size_t column = 0; column + 1 < column_count; ++column)
      hash =
          hash << 1 | (ink[column] * width[column + 1] > ink[column + 1] * width[column] ? 1U : 0U);
  }
  return hash;
}

}  // namespace matsuri::drawing
