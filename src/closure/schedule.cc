#include "closure/schedule.h"

#include <algorithm>

namespace matsuri::closure {

Schedule::Schedule(const program::Show& show) {
  const match::Reference& reference = show.reference();
  const auto add = [&](std::uint32_t first, std::uint32_t last) {
    for (const program::Window& window : show.about().windows) {
      const Rows rows{.first = std::max(
                          first, (window.start_ms + program::ms_per_row - 1) / program::ms_per_row),
                      .last = std::min(last, (window.end_ms - 1) / program::ms_per_row)};
      if (rows.first <= rows.last) starts_.push_back(rows);
    }
  };
  std::uint32_t begin = 0;  // of the stretch that `row` may go on with
  for (std::uint32_t row = 0; row <= reference.row_count; ++row) {
    if (row < reference.row_count && reference.is_eligible(row)) continue;
    if (row - begin >= stretch_row_count_min)
      add(begin + stretch_rows_before, row - stretch_rows_after);
    begin = row + 1;
  }
}

std::optional<std::int64_t> Schedule::next_start_ms(std::int64_t time_ms) const {
  const auto end_ms = [](const Rows& rows) {
    return (std::int64_t{rows.last} + 1) * program::ms_per_row;
  };
  const auto next = std::ranges::upper_bound(starts_, time_ms, {}, end_ms);
  if (next == starts_.end()) return std::nullopt;
  return std::max(time_ms, std::int64_t{next->first} * program::ms_per_row);
}

}  // namespace matsuri::closure
