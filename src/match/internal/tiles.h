// Kernels that hold the sums of some rows in registers do so by tiles: a function for each number
// of rows up to what the registers allow.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "match/internal/kernel.h"

namespace matsuri::match::internal {

// Projects as many rows as its place in the array, from 1 on.
using ProjectTile = void (*)(const std::uint8_t* minus, const std::int8_t* rows,
                             const std::uint8_t* slots, const std::int32_t* sums, Projected* out);

// As few tiles as do, all nearly as large: in a small one each instruction waits for the one
// before.
template <std::size_t RowCountMax>
void project_in_tiles(const std::array<ProjectTile, RowCountMax>& tiles, const std::uint8_t* minus,
                      const std::int8_t* rows, std::span<const std::uint8_t> slots,
                      const std::int32_t* sums, Projected* out) {
  for (std::size_t left = (slots.size() + RowCountMax - 1) / RowCountMax; left > 0; --left) {
    const std::size_t row_count = (slots.size() + left - 1) / left;
    tiles[row_count - 1](minus, rows, slots.data(), sums, out);
    slots = slots.subspan(row_count);
  }
}

}  // namespace matsuri::match::internal
