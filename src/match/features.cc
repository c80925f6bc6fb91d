#include "match/features.h"

#include <algorithm>
#include <cmath>

namespace matsuri::match {
namespace {

constexpr std::size_t radius = 3;       // of the surroundings, in cells
constexpr double contrast_floor = 1.5;  // in luma: what is flatter than noise stays flat
constexpr double feature_max = 2;
constexpr double edge_weight = 0.5;  // of the outermost ring, where crops differ most

std::size_t before(std::size_t index, std::size_t distance) {
  return index < distance ? 0 : index - distance;
}

// [1 2 1] / 4 down the columns, then along the rows; what lies outside is as the edge.
Luma blur(const Luma& cells) {
  Luma down, out;
  for (std::size_t y = 0; y < cells_high; ++y) {
    const std::size_t above = before(y, 1), below = std::min(y + 1, cells_high - 1);
    for (std::size_t x = 0; x < cells_wide; ++x) {
      down[y * cells_wide + x] = (cells[above * cells_wide + x] + 2 * cells[y * cells_wide + x] +
                                  cells[below * cells_wide + x]) /
                                 4;
    }
  }
  for (std::size_t y = 0; y < cells_high; ++y) {
    const double* const row = &down[y * cells_wide];
    for (std::size_t x = 0; x < cells_wide; ++x) {
      out[y * cells_wide + x] =
          (row[before(x, 1)] + 2 * row[x] + row[std::min(x + 1, cells_wide - 1)]) / 4;
    }
  }
  return out;
}

// The mean of the surroundings of each cell, as far as they are in the picture.
Luma mean_around(const Luma& cells) {
  Luma out;
  for (std::size_t y = 0; y < cells_high; ++y) {
    const std::size_t top = before(y, radius), bottom = std::min(y + radius, cells_high - 1);
    for (std::size_t x = 0; x < cells_wide; ++x) {
      const std::size_t left = before(x, radius), right = std::min(x + radius, cells_wide - 1);
      double sum = 0;
      for (std::size_t v = top; v <= bottom; ++v)
        for (std::size_t u = left; u <= right; ++u) sum += cells[v * cells_wide + u];
      out[y * cells_wide + x] = sum / static_cast<double>((bottom - top + 1) * (right - left + 1));
    }
  }
  return out;
}

}  // namespace

Features features(const Luma& luma) {
  const Luma smooth = blur(blur(luma));
  const Luma mean = mean_around(smooth);
  Luma difference, squared;
  for (std::size_t i = 0; i < cell_count; ++i) {
    difference[i] = smooth[i] - mean[i];
    squared[i] = difference[i] * difference[i];
  }
  const Luma variance = mean_around(squared);
  Features out;
  for (std::size_t y = 0; y < cells_high; ++y) {
    for (std::size_t x = 0; x < cells_wide; ++x) {
      const std::size_t i = y * cells_wide + x;
      double value = std::clamp(difference[i] / (std::sqrt(variance[i]) + contrast_floor),
                                -feature_max, feature_max);
      if (y == 0 || y == cells_high - 1) value *= edge_weight;
      if (x == 0 || x == cells_wide - 1) value *= edge_weight;
      out[i] = value;
    }
  }
  return out;
}

Row quantize(const Features& features) {
  Row row;
  for (std::size_t i = 0; i < cell_count; ++i)
    row[i] = static_cast<std::int8_t>(std::floor(features[i] * feature_scale + 0.5));
  return row;
}

}  // namespace matsuri::match
