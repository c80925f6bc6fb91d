#include "checkin/query.h"

#include <limits>

namespace matsuri::checkin {

Result<CheckinPage> read_own(sql::Connection& connection, const OwnQuery& query) {
  const std::uint64_t before =
      query.before == 0 ? std::numeric_limits<std::int64_t>::max() : query.before;
  CheckinPage page;
  TRY(connection.query(
      "SELECT id, programme, window_id, unix_ms, status, reason, points FROM checkin "
      "WHERE account = ? AND id > 0 AND id < ? ORDER BY id DESC LIMIT ?",
      {query.account.value, before, static_cast<std::int64_t>(query.count_max + 1)},
      [&](const sql::Row& row) {
        if (page.checkins.size() == query.count_max) {
          page.next = page.checkins.back().id;
          return;
        }
        page.checkins.push_back({.id = row.id(0),
                                 .programme = std::string(row.text(1)),
                                 .window = static_cast<std::uint32_t>(row.id(2)),
                                 .unix_ms = row.integer(3),
                                 .status = static_cast<Status>(row.integer(4)),
                                 .reason = static_cast<GrantReason>(row.integer(5)),
                                 .points = row.integer(6)});
      }));
  return page;
}

Result<Attendance> read_attendance(sql::Connection& connection, const AttendanceQuery& query) {
  Attendance attendance;
  attendance.steps.resize(query.step_count);
  const std::int64_t to_s =
      query.from_s + query.step_s * static_cast<std::int64_t>(query.step_count);
  TRY(connection.query(
      "SELECT at_s, result, attempts FROM attempt_count WHERE at_s >= ? AND at_s < ? "
      "AND programme = ?",
      {query.from_s, to_s, query.programme}, [&](const sql::Row& row) {
        const auto result = static_cast<CheckinResult>(row.integer(1));
        const auto step = static_cast<std::size_t>((row.integer(0) - query.from_s) / query.step_s);
        attendance.steps[step][static_cast<std::size_t>(answer_of(result))] += row.id(2);
        attendance.results[static_cast<std::size_t>(result) - 1] += row.id(2);
      }));
  TRY(connection.query(
      "SELECT window_id, campaign, status, reason, checkins, points FROM checkin_count "
      "WHERE programme = ? AND checkins > 0 ORDER BY window_id, campaign, status, reason",
      {query.programme}, [&](const sql::Row& row) {
        attendance.checkins.push_back({.of = {.programme = query.programme,
                                              .window = static_cast<std::uint32_t>(row.id(0)),
                                              .campaign = std::string(row.text(1)),
                                              .status = static_cast<Status>(row.integer(2)),
                                              .reason = static_cast<GrantReason>(row.integer(3))},
                                       .checkins = row.id(4),
                                       .points = row.integer(5)});
      }));
  return attendance;
}

Result<std::uint64_t> read_place(sql::Connection& connection, const journal::InboxFileId& file) {
  const std::string name = to_hex(file);
  TRY_ASSIGN(const auto offset,
             connection.integer("SELECT at_offset FROM inbox_place WHERE file = ?", {name}));
  return static_cast<std::uint64_t>(offset.value_or(0));
}

}  // namespace matsuri::checkin
