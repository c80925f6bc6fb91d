// Check-ins as the doctor reads them: each that is granted is in the ledger, and no other that is
// final; and what is counted of them is what there is.
#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "checkin/clock_watch.h"
#include "checkin/model.h"
#include "ops/internal/tables.h"
#include "points/check.h"

namespace matsuri::ops::internal {
namespace {

std::uint64_t hash_of(const std::string& text) { return std::hash<std::string>{}(text); }

std::string with_all(const std::string& name, std::uint64_t account, std::int64_t amount) {
  return name + ' ' + std::to_string(account) + ' ' + std::to_string(amount);
}

// Programme, window, campaign, status and reason, with how many and what they are worth.
Result<std::set<std::string>> read_sums(sql::Connection& connection, std::string_view text) {
  std::set<std::string> sums;
  TRY(connection.query(text, {}, [&](const sql::Row& row) {
    std::string sum;
    for (std::size_t column = 0; column < 7; ++column) sum.append(row.text(column)) += ' ';
    sums.insert(std::move(sum));
  }));
  return sums;
}

Result<void> check_counts(sql::Connection& connection, Findings& findings) {
  TRY_ASSIGN(const auto counted,
             read_sums(connection,
                       "SELECT programme, window_id, campaign, status, reason, checkins, points "
                       "FROM checkin_count WHERE checkins <> 0 OR points <> 0"));
  TRY_ASSIGN(const auto there,
             read_sums(connection,
                       "SELECT programme, window_id, campaign, status, CASE WHEN status = 1 THEN 0 "
                       "ELSE reason END, COUNT(*), SUM(points) FROM checkin WHERE id > 0 GROUP BY "
                       "programme, window_id, campaign, status, CASE WHEN status = 1 THEN 0 ELSE "
                       "reason END"));
  if (counted != there)
    findings.add("check-ins are counted otherwise than they are: matsuri rebuild checkin");
  return {};
}

}  // namespace

Result<void> GrantCheck::read_checkins(sql::Connection& connection, Findings& findings) {
  TRY(check_counts(connection, findings));
  return connection.query(
      "SELECT campaign, event, account, points, status FROM checkin "
      "WHERE status <> ? AND id > 0",
      {static_cast<std::int64_t>(checkin::Status::pending)}, [&](const sql::Row& row) {
        const std::string name = std::string(row.text(0)) + '/' + std::string(row.text(1));
        if (static_cast<checkin::Status>(row.integer(4)) == checkin::Status::granted)
          granted_.emplace(hash_of(with_all(name, row.id(2), row.integer(3))), row.id(2));
        else
          refused_.emplace(hash_of(name), row.id(2));
      });
}

Result<void> read_checkin_times(sql::Connection& connection, std::int64_t now_unix_ms,
                                Findings& findings) {
  return connection.query("SELECT COUNT(*), MAX(unix_ms) FROM checkin WHERE id > 0 AND unix_ms > ?",
                          {now_unix_ms + checkin::clock_off_ms_min}, [&](const sql::Row& row) {
                            if (row.id(0) == 0) return;
                            findings.add_count(
                                row.id(0),
                                "check-ins are of the future, by up to " +
                                    std::to_string((row.integer(1) - now_unix_ms) / 1000) +
                                    " s: compare the clocks of this machine and of its closures");
                          });
}

Result<void> GrantCheck::read_shard(sql::Connection& connection) {
  if (granted_.empty() && refused_.empty()) return {};
  Result<void> parsed;
  TRY(connection.query(
      "SELECT id, fields FROM entity WHERE title = ? AND kind = 'grant'",
      {points::points_title.value}, [&](const sql::Row& row) {
        const std::string name(row.text(0));
        const auto state = points::parse_state(row.text(1), points::grant_kind);
        if (!state.ok()) {
          parsed = state.error();
          return;
        }
        const auto account = static_cast<std::uint64_t>(state->get(points::grant_account));
        granted_.erase(hash_of(with_all(name, account, state->get(points::grant_amount))));
        if (refused_.contains(hash_of(name)) && granted_though_count_++ == 0)
          granted_though_account_ = account;
      }));
  return parsed;
}

void GrantCheck::compare(Findings& findings) const {
  findings.add_count(granted_.size(),
                     "check-ins are granted, and the ledger has them not; one of account " +
                         std::to_string(granted_.empty() ? 0 : granted_.begin()->second));
  findings.add_count(granted_though_count_,
                     "check-ins are void or out of budget, and the ledger has granted them; one of "
                     "account " +
                         std::to_string(granted_though_account_));
}

}  // namespace matsuri::ops::internal
