// Where in a programme viewers can check in: how good each row is as the begin of a burst, judged
// from the reference alone. docs/decisions/0009-where-viewers-can-check-in.md has the reasons.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "match/features.h"
#include "program_builder/observer.h"

namespace matsuri::program_builder {

// What a start is worth. The limits are those that were measured with simulated phones.
inline constexpr float energy_min = 0.05F;   // more than that: neither black nor flat
inline constexpr float moving_min = 0.25F;   // more than that: no still
inline constexpr float alike_max = 0.40F;    // less than that: nothing else looks like it
inline constexpr float generic_max = 0.35F;  // less than that: no layout that anything has

// A gap of this programme that a repeat must be behind.
inline constexpr std::size_t apart_rows = 8 * match::rows_per_second;

// What keeps a burst from beginning at a row. The order is that in which people are told: the
// first that holds. Stored in caches: append only.
enum class Reason : std::uint8_t {
  none,      // it may begin here
  end,       // the programme ends within the burst
  flat,      // black, or without anything in it
  still,     // nothing moves
  repeated,  // the same is shown elsewhere in the programme
  earlier,   // the same was shown in another programme of the library
  generic,   // a layout that many pictures have
};
inline constexpr std::size_t reason_count = 7;
std::string_view name_of(Reason reason);

// Of a burst that begins at a row.
struct Rating {
  float energy = 0;
  float moving = 0;
  float generic = 1;
  float repeated = -1;  // how alike the most alike place of the programme is, and where that is
  std::int32_t repeated_row = -1;
  float earlier = -1;  // the same in the library
  std::int32_t earlier_show = -1;
  std::int32_t earlier_row = -1;

  bool operator==(const Rating&) const = default;
};
Reason reason_of(const Rating& rating);

// One rating for each row; those at which no whole burst begins have energy -1. The same whatever
// thread_count is. Code::busy where the observer wants to stop.
Result<std::vector<Rating>> rate(std::span<const match::Row> rows,
                                 std::span<const std::span<const match::Row>> library,
                                 int thread_count, Observer& observer);

// A time without a break in which one thing holds.
struct Stretch {
  std::uint32_t first_row = 0;
  std::uint32_t row_count = 0;
  Reason reason = Reason::none;
};
std::vector<Stretch> stretches_of(std::span<const Rating> ratings);

// A burst, and the time to begin one: what a viewer needs to be told "now".
inline constexpr std::uint32_t stretch_rows_min = 7 * match::rows_per_second;

}  // namespace matsuri::program_builder
