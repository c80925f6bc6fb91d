#include "program_builder/internal/area.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

namespace matsuri::program_builder {
namespace {

// How much of [a, a + 1) * scale lies in [cell, cell + 1) * length.
std::int64_t overlap(std::int64_t a, std::int64_t scale, std::int64_t cell, std::int64_t length) {
  return std::max<std::int64_t>(
      0, std::min((a + 1) * scale, (cell + 1) * length) - std::max(a * scale, cell * length));
}

// Goal: every sample is counted with the part of it that lies in a cell, whatever the sizes.
// Method: all pairs of samples of the canvas and cells, one by one.
TEST(AreaSums, AreThoseOfEachSampleWithEachCell) {
  std::mt19937 random(7);
  constexpr Grid grid{.columns = 5, .rows = 3};
  for (const int width : {1, 2, 4, 5, 7, 16, 33}) {
    for (const int height : {1, 3, 8, 13}) {
      for (const int bars : {0, 2, 5}) {
        std::vector<std::uint8_t> samples(static_cast<std::size_t>(width * height));
        for (std::uint8_t& sample : samples) sample = static_cast<std::uint8_t>(random());
        const Plane plane{
            .base = samples.data(), .step_y = width, .width = width, .height = height};
        const Placement placement{
            .canvas_width = width + 2 * bars, .canvas_height = height + bars, .x = bars, .y = 0};
        std::vector<std::uint64_t> sums(15);
        area_sums(plane, placement, grid, 16, sums);
        for (int cell = 0; cell < 15; ++cell) {
          std::int64_t expected = 0;
          for (int y = 0; y < placement.canvas_height; ++y)
            for (int x = 0; x < placement.canvas_width; ++x) {
              const bool is_inside = x >= bars && x < bars + width && y < height;
              const int sample =
                  is_inside ? samples[static_cast<std::size_t>(y * width + x - bars)] : 16;
              expected += sample * overlap(x, grid.columns, cell % 5, placement.canvas_width) *
                          overlap(y, grid.rows, cell / 5, placement.canvas_height);
            }
          ASSERT_EQ(sums[static_cast<std::size_t>(cell)], static_cast<std::uint64_t>(expected))
              << width << 'x' << height << " cell " << cell;
        }
      }
    }
  }
}

TEST(AreaSums, ReadWideSamplesAndMirroredOnes) {
  const std::vector<std::uint16_t> samples = {1 << 6, 2 << 6, 3 << 6, 1023 << 6};
  const auto* const base = reinterpret_cast<const std::uint8_t*>(samples.data());
  const Plane plane{.base = base + 6,
                    .step_x = -2,
                    .step_y = 0,
                    .width = 4,
                    .height = 1,
                    .depth = 10,
                    .shift = 6};
  std::vector<std::uint64_t> sums(4);
  area_sums(plane, {.canvas_width = 4, .canvas_height = 1}, {.columns = 4, .rows = 1}, 0, sums);
  EXPECT_EQ(sums, (std::vector<std::uint64_t>{4 * 1023, 4 * 3, 4 * 2, 4 * 1}));
}

}  // namespace
}  // namespace matsuri::program_builder
