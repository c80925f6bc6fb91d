#include "points/dues.h"

#include <algorithm>
#include <map>
#include <string>
#include <tuple>
#include <variant>
#include <vector>

#include "sql/list.h"

namespace matsuri::points {
namespace {

constexpr sql::Migration all[] = {
    {1, R"(CREATE TABLE grant_due (
  event {TEXT(64)} NOT NULL PRIMARY KEY,
  rev {ID} NOT NULL,
  account {ID} NOT NULL,
  programme {TEXT(64)} NOT NULL,
  window_id {ID} NOT NULL,
  campaign {TEXT(64)} NOT NULL,
  points {INT} NOT NULL,
  reason INTEGER NOT NULL
) {CLUSTERED_OPTIONS})"},
};

}  // namespace

std::span<const sql::Migration> dues_migrations() { return all; }

Result<void> DuesView::apply(sql::Connection& connection, std::span<const stream::Record> records,
                             stream::BatchResult&) {
  // Neighbours in the index are written one after the other: events are hashes.
  std::vector<const GrantDue*> dues;
  dues.reserve(records.size());
  for (const stream::Record& record : records) dues.push_back(&std::get<GrantDue>(record.event));
  std::ranges::sort(dues, {}, [](const GrantDue* due) { return std::tie(due->event, due->rev); });
  std::vector<sql::Value> values;
  values.reserve(dues.size() * 8);
  for (const GrantDue* const due : dues)
    values.insert(values.end(),
                  {due->event, due->rev, due->account.value, due->programme, due->window,
                   due->campaign, due->points, static_cast<std::int64_t>(due->void_reason)});
  // All else is the same in each revision. `rev` last: MariaDB looks at what it has set already.
  return connection.insert_rows(
      "INSERT INTO grant_due (event, rev, account, programme, window_id, campaign, points, reason)",
      "ON CONFLICT (event) DO UPDATE SET reason = CASE WHEN excluded.rev > rev THEN "
      "excluded.reason ELSE reason END, rev = CASE WHEN excluded.rev > rev THEN excluded.rev ELSE "
      "rev END",
      8, values);
}

Result<std::vector<GrantDue>> read_dues(sql::Connection& connection, std::size_t count_max) {
  std::vector<GrantDue> dues;
  TRY(connection.query(
      "SELECT event, rev, account, programme, window_id, campaign, points, reason FROM grant_due "
      "ORDER BY event LIMIT ?",
      {static_cast<std::int64_t>(count_max)}, [&](const sql::Row& row) {
        dues.push_back({.account = AccountId{row.id(2)},
                        .programme = std::string(row.text(3)),
                        .window = static_cast<std::uint32_t>(row.id(4)),
                        .rev = row.id(1),
                        .event = std::string(row.text(0)),
                        .campaign = std::string(row.text(5)),
                        .points = row.integer(6),
                        .void_reason = static_cast<GrantReason>(row.integer(7))});
      }));
  return dues;
}

Result<void> forget_dues(sql::Connection& connection, std::span<const GrantDue> dues) {
  std::map<std::uint64_t, std::vector<sql::Value>> by_rev;
  for (const GrantDue& due : dues) by_rev[due.rev].emplace_back(due.event);
  for (const auto& [rev, events] : by_rev)
    TRY(sql::query_in(connection, "DELETE FROM grant_due WHERE event", " AND rev = ?", events,
                      {rev}, [](const sql::Row&) {}));
  return {};
}

}  // namespace matsuri::points
