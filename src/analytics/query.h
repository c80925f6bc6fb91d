// Reads of what runs have counted, inside somebody's transaction.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "analytics/fold.h"
#include "analytics/zone.h"
#include "base/result.h"
#include "model/ids.h"
#include "sql/db.h"

namespace matsuri::analytics {

inline constexpr Day report_day_count_max = 92;
inline constexpr Day report_day_count_default = 28;
// Of a report: those with the largest numbers; what is left out is counted.
inline constexpr std::size_t field_count_max = 24;
inline constexpr std::size_t reason_count_max = 20;
inline constexpr std::size_t raid_count_max = 50;
inline constexpr std::size_t title_count_max = 100;
inline constexpr std::size_t run_count_max = 20;

struct RunRow {
  std::uint64_t id = 0;
  std::string state;  // running, done, failed, interrupted
  std::string asked_by;
  std::int64_t started_ms = 0;
  std::int64_t ended_ms = 0;  // 0: it has not
  std::uint64_t done_count = 0;
  std::uint64_t total_count = 0;
  std::uint64_t command_count = 0;
  std::string error;
};
// The newest first.
Result<std::vector<RunRow>> read_runs(sql::Connection& connection);

// Everything that was decided before is counted; 0 where no run came to its end yet.
Result<std::int64_t> read_as_of(sql::Connection& connection);

struct TitleRow {
  TitleId title;
  Day last_day = 0;  // with commands
  std::uint64_t command_count = 0;
};
// Titles with commands, those whose last ones are newest first.
Result<std::vector<TitleRow>> read_titles(sql::Connection& connection);

struct ReasonRow {
  std::optional<std::string> reason;  // none: all others together
  Counts commands{};
};
struct FlowRow {
  std::optional<std::string> reason;
  Flow flow;
};

struct FieldRow {
  std::string kind, field;
  Flow total;
  std::vector<Flow> days;        // one for each of the report
  std::vector<FlowRow> reasons;  // those that moved most first
};

struct DayRow {
  std::uint64_t active = 0;
  std::uint64_t first_time = 0;  // of the active ones
  std::uint64_t raids = 0;       // arenas whose first applied command was on that day
  Counts commands{};
};

struct CohortRow {
  Day day = 0;
  std::uint64_t accounts = 0;
  // nullopt where that day is not over yet.
  std::optional<std::uint64_t> day_1, day_7, day_30;
};

struct RaidRow {
  std::string arena;
  Span span;
  std::uint64_t participants = 0;
  std::uint64_t applied = 0;
  std::uint64_t refused = 0;
};

struct Report {
  std::int64_t as_of_ms = 0;
  std::vector<DayRow> days;
  std::vector<CohortRow> cohorts;  // with accounts, in the order of their days
  std::vector<ReasonRow> reasons;  // the most first
  std::vector<FieldRow> fields;    // those that moved most first
  std::uint64_t fields_left_out = 0;
  std::vector<RaidRow> raids;  // begun on these days, those with the most participants first
};
// REQUIRES: first <= last, and at most report_day_count_max days.
Result<Report> read_report(sql::Connection& connection, TitleId title, Day first, Day last);

}  // namespace matsuri::analytics
