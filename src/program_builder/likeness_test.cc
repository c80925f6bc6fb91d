#include "program_builder/internal/likeness.h"

#include <gtest/gtest.h>

#include <cmath>

#include "program_builder/testing/videos.h"

namespace matsuri::program_builder {
namespace {

using testing::wandering_rows;

// The score of two bursts as VCI-1 defines it, in doubles and one product at a time.
double score_of(std::span<const match::Row> x, std::size_t at_x, std::span<const match::Row> y,
                std::size_t at_y) {
  const auto value = [](std::span<const match::Row> rows, std::size_t row, std::size_t cell) {
    return rows[row][cell] / match::feature_scale;
  };
  double xy = 0, xx = 0, yy = 0, sum_xy = 0, sum_xx = 0, sum_yy = 0;
  for (std::size_t cell = 0; cell < match::cell_count; ++cell) {
    double sum_x = 0, sum_y = 0;
    for (int frame = 0; frame < 24; ++frame) {
      const auto row = static_cast<std::size_t>(std::nearbyint(frame * 1.25));
      const double a = value(x, at_x + row, cell), b = value(y, at_y + row, cell);
      xy += a * b, xx += a * a, yy += b * b, sum_x += a, sum_y += b;
    }
    sum_xy += sum_x * sum_y, sum_xx += sum_x * sum_x, sum_yy += sum_y * sum_y;
  }
  constexpr double part = 0.75 / 24, floor = 0.05 * 512 * 24;
  return (xy - part * sum_xy) /
         std::sqrt((xx - part * sum_xx + floor) * (yy - part * sum_yy + floor));
}

// Goal: what is found is the best of all bursts that are far enough away. Method: every pair by the
// definition; sizes around the borders of tiles.
TEST(Likeness, IsThatOfTheDefinition) {
  const std::vector<match::Row> own = wandering_rows(1, 200), other = wandering_rows(2, 90);
  const Bursts queries(own), among(other);
  for (const bool is_self : {true, false}) {
    std::array<Likeness, 40> found{};
    const std::size_t first = 100;
    find_alike(queries, first, is_self ? queries : among, is_self ? 80 : 0, found);
    const std::span<const match::Row> rows = is_self ? own : other;
    for (std::size_t i = 0; i < found.size(); i += 7) {
      double best = -2;
      for (std::size_t row = 0; row < start_count_of(rows.size()); ++row) {
        const std::size_t apart = row > first + i ? row - first - i : first + i - row;
        if (is_self && apart <= 80) continue;
        best = std::max(best, score_of(own, first + i, rows, row));
      }
      if (best == -2) {
        EXPECT_EQ(found[i].row, -1);
        continue;
      }
      ASSERT_NEAR(static_cast<double>(found[i].score), best, 1e-5) << i;
      EXPECT_NEAR(score_of(own, first + i, rows, static_cast<std::size_t>(found[i].row)), best,
                  1e-5);
    }
  }
}

// Goal: a build is the same on every processor. Method: all kernels, sizes at which no block fits.
TEST(Likeness, IsTheSameWithEveryKernel) {
  const std::vector<match::Row> own = wandering_rows(3, 171);
  const Bursts queries(own);
  for (const std::size_t among_count : {29U, 30U, 31U, 62U, 540U, 541U, 542U, 571U}) {
    const std::vector<match::Row> other = wandering_rows(4, among_count);
    const Bursts among(other);
    for (const std::size_t count : {1U, 2U, 3U, 4U, 127U, 128U}) {
      std::vector<Likeness> plain(count);
      find_alike(queries, 5, among, 0, plain, Kernel::plain);
      for (const Kernel kernel : kernels()) {
        std::vector<Likeness> found(count);
        find_alike(queries, 5, among, 0, found, kernel);
        for (std::size_t i = 0; i < count; ++i) {
          ASSERT_EQ(plain[i].score, found[i].score)
              << static_cast<int>(kernel) << ' ' << among_count << ' ' << i;
          ASSERT_EQ(plain[i].row, found[i].row);
        }
      }
    }
  }
}

TEST(Likeness, OfTheExtremesFitsItsNumbers) {
  std::vector<match::Row> rows(60);
  for (match::Row& row : rows) row.fill(127);
  rows[31].fill(-127);
  const Bursts bursts(rows);
  for (const Kernel kernel : kernels()) {
    std::array<Likeness, 1> found{};
    find_alike(bursts, 0, bursts, 0, found, kernel);
    EXPECT_EQ(found[0].row, 0);
    EXPECT_GT(found[0].score, 0.8F);
    EXPECT_LE(found[0].score, 1.0F);
  }
}

}  // namespace
}  // namespace matsuri::program_builder
