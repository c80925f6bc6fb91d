#include "checkin/counts.h"

#include <iterator>
#include <vector>

namespace matsuri::checkin {

void Counts::attempt(std::string_view programme, std::int64_t unix_ms, CheckinResult result) {
  ++attempts_[{unix_ms / 1000, std::string(programme), result}];
}

void Counts::change(const CountedCheckin& as, std::int64_t checkins, std::int64_t points) {
  CountedCheckin kind = as;
  // Beside "pending" a reason is on its way, and not decided.
  if (kind.status == Status::pending) kind.reason = GrantReason::none;
  Sum& sum = checkins_[std::move(kind)];
  sum.checkins += checkins;
  sum.points += points;
}

Result<void> Counts::write(sql::Connection& connection) const {
  std::vector<sql::Value> values;
  for (const auto& [key, count] : attempts_) {
    const auto& [at_s, programme, result] = key;
    const sql::Value row[] = {at_s, programme, static_cast<std::int64_t>(result), count};
    values.insert(values.end(), std::begin(row), std::end(row));
  }
  TRY(connection.insert_rows(
      "INSERT INTO attempt_count (at_s, programme, result, attempts)",
      "ON CONFLICT (at_s, programme, result) DO UPDATE SET attempts = attempts + "
      "excluded.attempts",
      4, values));
  values.clear();
  for (const auto& [as, sum] : checkins_) {
    if (sum.checkins == 0 && sum.points == 0) continue;
    const sql::Value row[] = {as.programme,
                              as.window,
                              as.campaign,
                              static_cast<std::int64_t>(as.status),
                              static_cast<std::int64_t>(as.reason),
                              sum.checkins,
                              sum.points};
    values.insert(values.end(), std::begin(row), std::end(row));
  }
  return connection.insert_rows(
      "INSERT INTO checkin_count (programme, window_id, campaign, status, reason, checkins, "
      "points)",
      "ON CONFLICT (programme, window_id, campaign, status, reason) DO UPDATE SET checkins = "
      "checkins + excluded.checkins, points = points + excluded.points",
      7, values);
}

}  // namespace matsuri::checkin
