// Check-ins as the doctor reads them: each that is granted is in the ledger, and no other that is
// final.
#include <functional>
#include <string>

#include "checkin/model.h"
#include "ops/internal/tables.h"
#include "points/check.h"

namespace matsuri::ops::internal {
namespace {

std::uint64_t hash_of(const std::string& text) { return std::hash<std::string>{}(text); }

std::string with_all(const std::string& name, std::uint64_t account, std::int64_t amount) {
  return name + ' ' + std::to_string(account) + ' ' + std::to_string(amount);
}

}  // namespace

Result<void> GrantCheck::read_checkins(sql::Connection& connection) {
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
