// What of a picture is compared: 32x16 cells of its brightness, each against what is around it.
// Phones and the builder of programmes do the same arithmetic, in the same order and in doubles, so
// that a picture gives the same numbers in C++, Python and JavaScript.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace matsuri::match {

inline constexpr std::size_t cells_wide = 32;
inline constexpr std::size_t cells_high = 16;
inline constexpr std::size_t cell_count = cells_wide * cells_high;
inline constexpr std::size_t rows_per_second = 10;  // of the reference

// The mean luma (0..255, BT.601 weights, as stored: no linearisation) of each cell, row by row.
using Luma = std::array<double, cell_count>;

// Each cell against its surroundings of 7x7 cells, in [-2, 2]; less at the edge of the picture.
using Features = std::array<double, cell_count>;

// A row of a reference: features in steps of 1 / feature_scale.
using Row = std::array<std::int8_t, cell_count>;
inline constexpr double feature_scale = 63.5;  // the largest feature, 2, is 127

Features features(const Luma& luma);

// The nearest step; halves go up. REQUIRES: features in [-2, 2].
Row quantize(const Features& features);

}  // namespace matsuri::match
