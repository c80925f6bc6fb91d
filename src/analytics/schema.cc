// Sums that a run adds to, and views that show them by name and by date. Days are numbers in the
// tables, so that a cohort's seventh day is a sum; `calendar` has their dates.
#include "analytics/schema.h"

namespace matsuri::analytics {
namespace {

constexpr sql::Migration all[] = {
    // progress: the one row that every step of a run moves: `rev` tells two runs apart.
    {1, R"(CREATE TABLE progress (
  id {ID} NOT NULL PRIMARY KEY,
  rev {ID} NOT NULL,
  world {ID} NOT NULL,
  zone {TEXT(64)} NOT NULL,
  places {BLOB} NOT NULL,
  as_of_ms {ID} NOT NULL,
  as_of_day {ID} NOT NULL
) {TABLE_OPTIONS};
CREATE TABLE run (
  id {ID} NOT NULL PRIMARY KEY,
  state {TEXT(16)} NOT NULL,
  asked_by {TEXT(16)} NOT NULL,
  started_ms {ID} NOT NULL,
  ended_ms {ID} NOT NULL,
  done_count {ID} NOT NULL,
  total_count {ID} NOT NULL,
  command_count {ID} NOT NULL,
  error {TEXT(512)} NOT NULL
) {TABLE_OPTIONS};
CREATE TABLE calendar (
  day {ID} NOT NULL PRIMARY KEY,
  date {TEXT(10)} NOT NULL
) {TABLE_OPTIONS};
CREATE TABLE player (
  title {ID} NOT NULL,
  account {ID} NOT NULL,
  first_day {ID} NOT NULL,
  PRIMARY KEY (title, account)
) {CLUSTERED_OPTIONS};
CREATE INDEX player_by_day ON player (title, first_day);
CREATE TABLE active (
  title {ID} NOT NULL,
  account {ID} NOT NULL,
  day {ID} NOT NULL,
  PRIMARY KEY (title, account, day)
) {CLUSTERED_OPTIONS};
CREATE INDEX active_by_day ON active (title, day);
CREATE TABLE command_day (
  title {ID} NOT NULL,
  day {ID} NOT NULL,
  reason {TEXT(64)} NOT NULL,
  applied {INT} NOT NULL,
  rejected {INT} NOT NULL,
  version_mismatch {INT} NOT NULL,
  linked_failed {INT} NOT NULL,
  PRIMARY KEY (title, day, reason)
) {CLUSTERED_OPTIONS};
CREATE TABLE arena (
  title {ID} NOT NULL,
  arena {TEXT(64)} NOT NULL,
  first_day {ID} NOT NULL,
  first_ms {INT} NOT NULL,
  last_ms {INT} NOT NULL,
  PRIMARY KEY (title, arena)
) {CLUSTERED_OPTIONS};
CREATE INDEX arena_by_day ON arena (title, first_day);
CREATE TABLE arena_command (
  title {ID} NOT NULL,
  arena {TEXT(64)} NOT NULL,
  reason {TEXT(64)} NOT NULL,
  applied {INT} NOT NULL,
  rejected {INT} NOT NULL,
  version_mismatch {INT} NOT NULL,
  linked_failed {INT} NOT NULL,
  PRIMARY KEY (title, arena, reason)
) {CLUSTERED_OPTIONS};
CREATE TABLE participant (
  title {ID} NOT NULL,
  arena {TEXT(64)} NOT NULL,
  account {ID} NOT NULL,
  PRIMARY KEY (title, arena, account)
) {CLUSTERED_OPTIONS};
CREATE TABLE flow (
  title {ID} NOT NULL,
  day {ID} NOT NULL,
  kind {TEXT(32)} NOT NULL,
  field {TEXT(32)} NOT NULL,
  reason {TEXT(64)} NOT NULL,
  amount_in {INT} NOT NULL,
  amount_out {INT} NOT NULL,
  PRIMARY KEY (title, day, kind, field, reason)
) {CLUSTERED_OPTIONS};
CREATE TABLE last_state (
  title {ID} NOT NULL,
  arena {TEXT(64)} NOT NULL,
  kind {TEXT(32)} NOT NULL,
  id {TEXT(64)} NOT NULL,
  fields {TEXT(4096)} NOT NULL,
  PRIMARY KEY (title, arena, kind, id)
) {CLUSTERED_OPTIONS})"},
    {2, R"(CREATE VIEW daily_active AS
SELECT a.title, c.date AS day, COUNT(*) AS accounts
FROM active a JOIN calendar c ON c.day = a.day
GROUP BY a.title, c.date;
CREATE VIEW retention AS
SELECT p.title, c.date AS cohort, COUNT(*) AS accounts,
  CASE WHEN p.first_day + 1 < MAX(s.as_of_day) THEN COUNT(d1.account) END AS day_1,
  CASE WHEN p.first_day + 7 < MAX(s.as_of_day) THEN COUNT(d7.account) END AS day_7,
  CASE WHEN p.first_day + 30 < MAX(s.as_of_day) THEN COUNT(d30.account) END AS day_30
FROM player p JOIN calendar c ON c.day = p.first_day JOIN progress s ON s.id = 1
LEFT JOIN active d1 ON d1.title = p.title AND d1.account = p.account AND d1.day = p.first_day + 1
LEFT JOIN active d7 ON d7.title = p.title AND d7.account = p.account AND d7.day = p.first_day + 7
LEFT JOIN active d30 ON d30.title = p.title AND d30.account = p.account AND d30.day = p.first_day + 30
GROUP BY p.title, p.first_day, c.date;
CREATE VIEW raids AS
SELECT r.title, r.arena, c.date AS day, r.first_ms AS started_ms, r.last_ms AS ended_ms,
  (SELECT COUNT(*) FROM participant p WHERE p.title = r.title AND p.arena = r.arena) AS participants,
  (SELECT SUM(x.applied) FROM arena_command x WHERE x.title = r.title AND x.arena = r.arena) AS applied,
  (SELECT SUM(x.rejected + x.version_mismatch + x.linked_failed) FROM arena_command x
    WHERE x.title = r.title AND x.arena = r.arena) AS refused
FROM arena r JOIN calendar c ON c.day = r.first_day;
CREATE VIEW raid_commands AS
SELECT x.title, x.arena, x.reason, x.applied, x.rejected, x.version_mismatch, x.linked_failed
FROM arena_command x;
CREATE VIEW commands AS
SELECT k.title, c.date AS day, k.reason, k.applied, k.rejected, k.version_mismatch, k.linked_failed
FROM command_day k JOIN calendar c ON c.day = k.day;
CREATE VIEW economy AS
SELECT f.title, c.date AS day, f.kind, f.field, f.reason, f.amount_in, f.amount_out
FROM flow f JOIN calendar c ON c.day = f.day)"},
};

}  // namespace

std::span<const sql::Migration> migrations() { return all; }

}  // namespace matsuri::analytics
