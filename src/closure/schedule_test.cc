// Goal: a viewer is told to begin where a burst can be told from others, in a window, at once where
// it is so now.
// Method: shows of which single rows are eligible, against the plain rule for every time.
#include "closure/schedule.h"

#include <gtest/gtest.h>

#include <set>

#include "closure/testing/film.h"

namespace matsuri::closure {
namespace {

program::Lines show_of(std::function<bool(std::uint32_t)> is_eligible) {
  return film_show({.about = {.programme = 1,
                              .title = "Waves",
                              .windows = {{.id = 1,
                                           .start_ms = 5'050,
                                           .end_ms = 30'000,
                                           .points = 5,
                                           .campaign = "waves"},
                                          {.id = 2,
                                           .start_ms = 40'000,
                                           .end_ms = 60'000,
                                           .points = 5,
                                           .campaign = "waves"}}},
                    .is_eligible = std::move(is_eligible)});
}

// The rule, row by row: 20 rows before and 50 from it on are eligible, and its time is in a window.
bool is_start(const program::Show& show, std::int64_t row) {
  for (std::int64_t other = row - 20; other < row + 50; ++other)
    if (other < 0 || other >= show.reference().row_count ||
        !show.reference().is_eligible(static_cast<std::size_t>(other)))
      return false;
  return show.window_at(static_cast<std::uint32_t>(row) * program::ms_per_row) != nullptr;
}

TEST(ScheduleTest, TellsTheFirstStartFromAnyTimeOn) {
  // One row that is not eligible, at different places: stretches of 7 s and shorter ones.
  for (const std::set<std::uint32_t>& holes : {std::set<std::uint32_t>{},
                                               {0},
                                               {69},
                                               {70},
                                               {71},
                                               {100, 170},
                                               {100, 171},
                                               {100, 172},
                                               {250, 350, 420, 490, 561},
                                               {599},
                                               {529},
                                               {528}}) {
    const program::Lines lines = show_of([&](std::uint32_t row) { return !holes.contains(row); });
    const program::Show show = program::Show::open(program::bytes_of(lines)).value();
    const Schedule schedule(show);
    for (std::int64_t time_ms = -1'000; time_ms <= 61'000; time_ms += 50) {
      std::optional<std::int64_t> expected;
      for (std::int64_t row = std::max<std::int64_t>(0, time_ms / 100); row < 600 && !expected;
           ++row)
        if (is_start(show, row)) expected = std::max(time_ms, row * 100);
      EXPECT_EQ(schedule.next_start_ms(time_ms), expected)
          << "at " << time_ms << ", " << holes.size() << " holes";
    }
  }
}

TEST(ScheduleTest, WithoutAnEligibleRowThereIsNoStart) {
  const program::Lines lines = show_of([](std::uint32_t) { return false; });
  const program::Show show = program::Show::open(program::bytes_of(lines)).value();
  EXPECT_EQ(Schedule(show).next_start_ms(0), std::nullopt);
}

}  // namespace
}  // namespace matsuri::closure
