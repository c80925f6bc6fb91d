// Where in a programme a viewer's camera should begin: inside a window, and in a stretch of rows
// that can be told from all others, with room on both sides for clocks and delays that are off.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "program/show.h"

namespace matsuri::closure {

// A stretch of eligible rows is used where it has so many: 7 s.
inline constexpr std::uint32_t stretch_row_count_min = 70;
// So much of it lies before the row at which the viewer is told to begin, the rest behind.
inline constexpr std::uint32_t stretch_rows_before = 20;
inline constexpr std::uint32_t stretch_rows_after = stretch_row_count_min - stretch_rows_before;

// Made once of a show, in one pass over its bits. Immutable.
class Schedule {
 public:
  explicit Schedule(const program::Show& show);

  // The first time of the programme, from `time_ms` on, at which to begin; nullopt where there is
  // none any more.
  std::optional<std::int64_t> next_start_ms(std::int64_t time_ms) const;

 private:
  struct Rows {
    std::uint32_t first = 0;
    std::uint32_t last = 0;
  };
  std::vector<Rows> starts_;  // by time
};

}  // namespace matsuri::closure
