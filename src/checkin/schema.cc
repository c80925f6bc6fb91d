#include "checkin/schema.h"

#include <string>
#include <vector>

#include "checkin/model.h"

namespace matsuri::checkin {
namespace {

// `status` is what the viewer is shown; a `reason` beside "pending" is on its way to points. An id
// of 0: the answer of points came before the attempt, after a rebuild.
constexpr sql::Migration all[] = {
    {1, R"(CREATE TABLE checkin (
  account {ID} NOT NULL,
  programme {TEXT(64)} NOT NULL,
  window_id {ID} NOT NULL,
  id {ID} NOT NULL,
  unix_ms {INT} NOT NULL,
  status INTEGER NOT NULL,
  reason INTEGER NOT NULL,
  rev {ID} NOT NULL,
  points {INT} NOT NULL,
  campaign {TEXT(64)} NOT NULL,
  event {TEXT(32)} NOT NULL,
  nonce {BLOB(16)} NOT NULL,
  PRIMARY KEY (account, programme, window_id)
) {CLUSTERED_OPTIONS};
CREATE TABLE ticket (
  programme {TEXT(64)} NOT NULL,
  account {ID} NOT NULL,
  nonce {BLOB(16)} NOT NULL,
  attempts {ID} NOT NULL,
  PRIMARY KEY (programme, account, nonce)
) {CLUSTERED_OPTIONS};
CREATE TABLE programme (
  name {TEXT(64)} NOT NULL PRIMARY KEY,
  last_unix_ms {INT} NOT NULL
) {TABLE_OPTIONS};
CREATE TABLE inbox_place (
  file {TEXT(32)} NOT NULL PRIMARY KEY,
  at_offset {ID} NOT NULL,
  rev {ID} NOT NULL,
  name {TEXT(255)} NOT NULL
) {TABLE_OPTIONS})"},
    // Failures that came before are in no table; `matsuri rebuild checkin` counts them too.
    {2, R"(CREATE TABLE attempt_count (
  at_s {INT} NOT NULL,
  programme {TEXT(64)} NOT NULL,
  result INTEGER NOT NULL,
  attempts {INT} NOT NULL,
  PRIMARY KEY (at_s, programme, result)
) {CLUSTERED_OPTIONS};
CREATE TABLE checkin_count (
  programme {TEXT(64)} NOT NULL,
  window_id {ID} NOT NULL,
  campaign {TEXT(64)} NOT NULL,
  status INTEGER NOT NULL,
  reason INTEGER NOT NULL,
  checkins {INT} NOT NULL,
  points {INT} NOT NULL,
  PRIMARY KEY (programme, window_id, campaign, status, reason)
) {CLUSTERED_OPTIONS};
INSERT INTO checkin_count (programme, window_id, campaign, status, reason, checkins, points)
SELECT programme, window_id, campaign, status, CASE WHEN status = 1 THEN 0 ELSE reason END,
  COUNT(*), SUM(points) FROM checkin WHERE id > 0
GROUP BY programme, window_id, campaign, status, CASE WHEN status = 1 THEN 0 ELSE reason END)"},
};

}  // namespace

std::span<const sql::Migration> migrations() { return all; }

Result<std::uint64_t> forget_old_tickets(sql::Connection& connection, std::int64_t now_unix_ms) {
  std::vector<std::string> old;
  TRY(connection.query("SELECT name FROM programme WHERE last_unix_ms < ? ORDER BY name LIMIT 10",
                       {now_unix_ms - ticket_kept_ms},
                       [&](const sql::Row& row) { old.emplace_back(row.text(0)); }));
  std::uint64_t count = 0;
  for (const std::string& programme : old) {
    TRY_ASSIGN(const std::uint64_t gone,
               connection.execute("DELETE FROM ticket WHERE programme = ? "
                                  "ORDER BY programme, account, nonce LIMIT 10000",
                                  {programme}));
    if (gone == 0) TRY(connection.execute("DELETE FROM programme WHERE name = ?", {programme}));
    count += gone;
  }
  return count;
}

Result<std::uint64_t> forget_old_attempt_counts(sql::Connection& connection,
                                                std::int64_t now_unix_ms) {
  return connection.execute(
      "DELETE FROM attempt_count WHERE at_s < ? ORDER BY at_s, programme, result LIMIT 10000",
      {(now_unix_ms - attempt_counts_kept_ms) / 1000});
}

}  // namespace matsuri::checkin
