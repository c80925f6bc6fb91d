// What became of a crowd: every request by its answer, every answer by its time, every second by
// what happened in it.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "traffic/chart.h"
#include "traffic/histogram.h"

namespace matsuri::traffic {

// Who comes: one who films the programme, and three who should not pass.
enum class Kind : std::uint8_t {
  valid,
  other_channel,  // films something else
  replayed,       // sends what somebody else has filmed of the programme, under their own ticket
  forged,         // changes the ticket
};
inline constexpr std::size_t kind_count = 4;
std::string_view name_of(Kind kind);

enum class Outcome : std::uint8_t {
  ok,  // of a ticket: it was given
  retry,
  not_now,
  busy,
  refused,
  failed,  // no answer, or one that says that the server failed
};
inline constexpr std::size_t outcome_count = 6;
std::string_view name_of(Outcome outcome);

struct Second {
  std::uint32_t offered = 0;
  std::array<std::uint32_t, outcome_count> answered{};
};

using Counts = std::array<std::uint64_t, outcome_count>;

struct Tally {
  Counts tickets{};
  std::array<Counts, kind_count> attempts{};
  // Microseconds from the moment at which a request was to be sent, whenever it was, to its answer.
  Histogram ticket_us;
  Histogram attempt_us;
  Histogram busy_us;  // of both, those that were busy: they are in none of the others
  // By how much requests left too late: where it is long, the driver could do no more.
  Histogram late_us;
  std::vector<Second> seconds;  // since the beginning

  std::uint64_t count(Outcome outcome) const;
  std::uint64_t request_count() const;
  double busy_share() const;
};

// JSON rows of {"bench","case","metric","value","unit"}.
std::string rows_of(const Tally& tally);

// Two pictures in one, with others below: the seconds, and the times of answers by how many were as
// fast.
std::string svg_of(const Tally& tally, std::string_view title, std::vector<Panel> others = {});

}  // namespace matsuri::traffic
