#include "program_builder/rating.h"

#include <gtest/gtest.h>

#include <cmath>

#include "program_builder/internal/generic.h"
#include "program_builder/testing/videos.h"

namespace matsuri::program_builder {
namespace {

using testing::Silent;
using testing::wandering_rows;

std::vector<Rating> rated(std::span<const match::Row> rows,
                          std::span<const std::span<const match::Row>> library = {},
                          int thread_count = 2) {
  Silent silent;
  auto ratings = rate(rows, library, thread_count, silent);
  EXPECT_TRUE(ratings.ok());
  return *ratings;
}

// The share of [first, first + count) that has this reason.
double share_of(std::span<const Rating> ratings, std::size_t first, std::size_t count,
                Reason reason) {
  std::size_t found = 0;
  for (const Rating& rating : ratings.subspan(first, count)) found += reason_of(rating) == reason;
  return static_cast<double>(found) / static_cast<double>(count);
}

std::vector<match::Row> joined(std::initializer_list<std::vector<match::Row>> parts) {
  std::vector<match::Row> rows;
  for (const auto& part : parts) rows.insert(rows.end(), part.begin(), part.end());
  return rows;
}

TEST(Rating, LetsViewersInWhereThePictureIsItsOwn) {
  const auto ratings = rated(wandering_rows(1, 400));
  EXPECT_GT(share_of(ratings, 0, 371, Reason::none), 0.9);
  EXPECT_EQ(share_of(ratings, 371, 29, Reason::end), 1.0);
}

TEST(Rating, KeepsThemOutOfBlackAndStills) {
  const std::vector<match::Row> moving = wandering_rows(2, 200);
  const std::vector<match::Row> black(100, match::Row{});
  const std::vector<match::Row> still(60, wandering_rows(3, 1).front());
  const auto ratings = rated(joined({moving, black, moving, still, wandering_rows(4, 100)}));
  EXPECT_EQ(share_of(ratings, 200, 70, Reason::flat), 1.0);
  EXPECT_EQ(share_of(ratings, 500, 30, Reason::still), 1.0);
}

// Goal: an opening that is shown twice, or was shown last week, lets nobody in; and it is told
// where else it is.
TEST(Rating, KeepsThemOutOfWhatIsShownTwice) {
  const std::vector<match::Row> opening = wandering_rows(5, 120);
  const auto ratings =
      rated(joined({opening, wandering_rows(6, 200), opening, wandering_rows(7, 60)}));
  for (const std::size_t first : {0U, 320U}) {
    EXPECT_EQ(share_of(ratings, first, 90, Reason::repeated), 1.0);
    EXPECT_EQ(ratings[first + 40].repeated_row, first == 0 ? 360 : 40);
    EXPECT_GT(ratings[first + 40].repeated, 0.99F * 0.9F);
  }
  EXPECT_GT(share_of(ratings, 130, 150, Reason::none), 0.8);
}

TEST(Rating, KeepsThemOutOfWhatTheLibraryHas) {
  const std::vector<match::Row> opening = wandering_rows(8, 120);
  const std::vector<match::Row> rows = joined({wandering_rows(9, 150), opening});
  const std::vector<match::Row> first = wandering_rows(10, 80);
  const std::vector<match::Row> second = joined({wandering_rows(11, 70), opening});
  const std::span<const match::Row> library[] = {first, second};
  const auto before = rated(rows), after = rated(rows, library);
  EXPECT_GT(share_of(before, 150, 91, Reason::none), 0.9);
  EXPECT_EQ(share_of(after, 150, 91, Reason::earlier), 1.0);
  EXPECT_EQ(after[160].earlier_show, 1);
  EXPECT_EQ(after[160].earlier_row, 80);
  EXPECT_GT(share_of(after, 0, 110, Reason::none), 0.8);
}

// Goal: a layout that anybody has is told from a picture. Method: every fourth of the frames that the
// templates are made of, fading so that it moves; what wanders stays below the limit.
TEST(Rating, KnowsGenericLayouts) {
  const std::vector<match::Features> frames = generic_frames();
  std::vector<match::Row> rows;
  for (std::size_t i = 0; i < frames.size(); i += 4)
    for (int step = 0; step < 30; ++step) {
      match::Features faded = frames[i];
      for (double& cell : faded) cell *= 0.6 + 0.4 * (step % 10) / 9;
      rows.push_back(match::quantize(faded));
    }
  const auto layouts = rated(rows);
  std::size_t frame_count = 0, generic_count = 0;
  for (std::size_t row = 0; row < rows.size(); row += 30, ++frame_count)
    generic_count += layouts[row].generic >= generic_max;
  EXPECT_GT(generic_count, frame_count / 2);
  std::size_t wrong_count = 0;
  const auto ratings = rated(wandering_rows(12, 630));
  for (std::size_t row = 0; row < 600; ++row) wrong_count += ratings[row].generic >= generic_max;
  EXPECT_LT(wrong_count, 30U);
}

// energy, moving and generic by the definitions of checkin.md, in doubles.
TEST(Rating, IsThatOfTheDefinitions) {
  const std::vector<match::Row> rows = wandering_rows(13, 60);
  const std::vector<Template> templates = generic_templates();
  const Rating rating = rated(rows)[17];
  std::array<double, match::cell_count> mean{};
  double whole = 0;
  for (int frame = 0; frame < 24; ++frame)
    for (std::size_t cell = 0; cell < match::cell_count; ++cell) {
      const double value = rows[17 + static_cast<std::size_t>(std::nearbyint(frame * 1.25))][cell] /
                           match::feature_scale;
      whole += value * value / 24;
      mean[cell] += value / 24;
    }
  double still = 0, likest = 0;
  for (const double cell : mean) still += cell * cell;
  for (const Template& one : templates) {
    double sum = 0;
    for (std::size_t cell = 0; cell < match::cell_count; ++cell) sum += one[cell] * mean[cell];
    likest = std::max(likest, std::abs(sum));
  }
  const double counted = whole - still + still / 4;
  EXPECT_NEAR(static_cast<double>(rating.energy), whole / 512, 1e-6);
  EXPECT_NEAR(static_cast<double>(rating.moving), (whole - still) / (counted + 1e-6), 1e-5);
  EXPECT_NEAR(static_cast<double>(rating.generic), likest * 0.5 / std::sqrt(counted + 0.05 * 512),
              1e-5);
}

TEST(Rating, TemplatesStandUprightOnEachOther) {
  const std::vector<Template> templates = generic_templates();
  ASSERT_EQ(templates.size(), principal_count + 1);
  for (std::size_t i = 0; i < templates.size(); ++i)
    for (std::size_t j = 0; j <= i; ++j) {
      double sum = 0;
      for (std::size_t cell = 0; cell < match::cell_count; ++cell)
        sum += templates[i][cell] * templates[j][cell];
      if (i == j) EXPECT_NEAR(sum, 1, 1e-9);
      if (i != j && i < principal_count) EXPECT_NEAR(sum, 0, 1e-9);
    }
}

TEST(Rating, IsTheSameWithAnyNumberOfThreads) {
  const std::vector<match::Row> rows = wandering_rows(14, 700);
  const std::vector<match::Row> other = wandering_rows(15, 100);
  const std::span<const match::Row> library[] = {other};
  const auto one = rated(rows, library, 1);
  EXPECT_EQ(one, rated(rows, library, 2));
  EXPECT_EQ(one, rated(rows, library, 7));
}

TEST(Rating, OfAShortProgrammeHasNoPlace) {
  for (const std::size_t count : {1U, 29U}) {
    const auto ratings = rated(wandering_rows(16, count));
    EXPECT_EQ(share_of(ratings, 0, count, Reason::end), 1.0);
  }
}

class Impatient final : public Observer {
 public:
  void progressed(Stage, double) override {}
  bool wants_stop() override { return true; }
};

TEST(Rating, StopsWhereItIsAskedTo) {
  Impatient impatient;
  const auto ratings = rate(wandering_rows(17, 400), {}, 2, impatient);
  ASSERT_FALSE(ratings.ok());
  EXPECT_EQ(ratings.error().code(), Code::busy);
}

TEST(Stretches, CoverEveryRowOnce) {
  const auto ratings = rated(wandering_rows(18, 300));
  std::uint32_t next = 0;
  for (const Stretch& stretch : stretches_of(ratings)) {
    EXPECT_EQ(stretch.first_row, next);
    for (std::uint32_t i = 0; i < stretch.row_count; ++i)
      EXPECT_EQ(reason_of(ratings[next + i]), stretch.reason);
    next += stretch.row_count;
  }
  EXPECT_EQ(next, 300U);
}

}  // namespace
}  // namespace matsuri::program_builder
