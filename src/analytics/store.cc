#include "analytics/store.h"

#include <algorithm>
#include <set>
#include <span>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "json/value.h"
#include "json/writer.h"
#include "sequencer/slots.h"
#include "sql/list.h"

namespace matsuri::analytics {
namespace {

constexpr std::uint64_t run_kept_count = 100;
constexpr std::size_t error_size_max = 500;

constexpr std::string_view counted_tables[] = {"calendar",    "player", "active",
                                               "command_day", "arena",  "arena_command",
                                               "participant", "flow",   "last_state"};

Error taken_over() { return {Code::conflict, "another run has taken over"}; }

Bytes bytes_of(const Places& places) { return std::as_bytes(std::span(places)); }

// Moves the row that all runs share; whoever finds it elsewhere has been taken over.
Result<void> move_progress(sql::Connection& connection, const Claim& claim, const Places& places) {
  TRY_ASSIGN(const std::uint64_t moved,
             connection.execute("UPDATE progress SET rev = ?, places = ? WHERE id = 1 AND rev = ?",
                                {claim.rev + 1, bytes_of(places), claim.rev}));
  if (moved != 1) return taken_over();
  return {};
}

// All rows of a table with one upsert.
class Rows {
 public:
  void add(std::initializer_list<sql::Value> row) { values_.insert(values_.end(), row); }
  Result<void> insert(sql::Connection& connection, std::string_view head, std::string_view tail,
                      std::size_t width) const {
    if (values_.empty()) return {};
    return connection.insert_rows(head, tail, width, values_);
  }

 private:
  std::vector<sql::Value> values_;
};

Result<void> add_players(sql::Connection& connection, const Sums& sums) {
  Rows active, players;
  const std::tuple<Title, Account, Day>* last = nullptr;
  for (const auto& one : sums.active) {
    const auto& [title, account, day] = one;
    active.add({title, account, day});
    // The set has the days of an account one behind the other, the first one first.
    if (last == nullptr || std::get<0>(*last) != title || std::get<1>(*last) != account)
      players.add({title, account, day});
    last = &one;
  }
  TRY(active.insert(connection, "INSERT INTO active (title, account, day)",
                    "ON CONFLICT (title, account, day) DO NOTHING", 3));
  return players.insert(connection, "INSERT INTO player (title, account, first_day)",
                        "ON CONFLICT (title, account) DO UPDATE SET first_day ="
                        " CASE WHEN excluded.first_day < first_day THEN excluded.first_day"
                        " ELSE first_day END",
                        3);
}

constexpr std::string_view add_counts =
    " DO UPDATE SET applied = applied + excluded.applied, rejected = rejected + excluded.rejected,"
    " version_mismatch = version_mismatch + excluded.version_mismatch,"
    " linked_failed = linked_failed + excluded.linked_failed";

Result<void> add_commands(sql::Connection& connection, const Sums& sums) {
  std::set<Day> days;
  Rows by_day, by_arena, calendar;
  for (const auto& [at, counts] : sums.commands) {
    const auto& [title, day, reason] = at;
    by_day.add({title, day, reason, counts[0], counts[1], counts[2], counts[3]});
    days.insert(day);
  }
  for (const auto& [at, counts] : sums.arena_commands) {
    const auto& [title, arena, reason] = at;
    by_arena.add({title, arena, reason, counts[0], counts[1], counts[2], counts[3]});
  }
  std::vector<std::string> dates;
  for (const Day day : days) dates.push_back(to_date(day));
  for (auto [day, date] = std::pair(days.begin(), dates.begin()); day != days.end(); ++day, ++date)
    calendar.add({*day, *date});
  const std::string tail(add_counts);
  TRY(by_day.insert(connection,
                    "INSERT INTO command_day (title, day, reason, applied, rejected,"
                    " version_mismatch, linked_failed)",
                    "ON CONFLICT (title, day, reason)" + tail, 7));
  TRY(by_arena.insert(connection,
                      "INSERT INTO arena_command (title, arena, reason, applied, rejected,"
                      " version_mismatch, linked_failed)",
                      "ON CONFLICT (title, arena, reason)" + tail, 7));
  return calendar.insert(connection, "INSERT INTO calendar (day, date)",
                         "ON CONFLICT (day) DO NOTHING", 2);
}

Result<void> add_arenas(sql::Connection& connection, const Sums& sums, const Zone& zone) {
  Rows arenas, participants;
  for (const auto& [at, span] : sums.arenas)
    arenas.add({std::get<0>(at), std::get<1>(at), zone.day_of(span.first_ms), span.first_ms,
                span.last_ms});
  for (const auto& [title, arena, account] : sums.participants)
    participants.add({title, arena, account});
  TRY(arenas.insert(
      connection, "INSERT INTO arena (title, arena, first_day, first_ms, last_ms)",
      "ON CONFLICT (title, arena) DO UPDATE SET"
      " first_day = CASE WHEN excluded.first_day < first_day THEN excluded.first_day"
      " ELSE first_day END,"
      " first_ms = CASE WHEN excluded.first_ms < first_ms THEN excluded.first_ms ELSE first_ms END,"
      " last_ms = CASE WHEN excluded.last_ms > last_ms THEN excluded.last_ms ELSE last_ms END",
      5));
  return participants.insert(connection, "INSERT INTO participant (title, arena, account)",
                             "ON CONFLICT (title, arena, account) DO NOTHING", 3);
}

// Sums stop at the largest number that a column takes.
Result<void> add_economy(sql::Connection& connection, const Sums& sums) {
  Rows flows;
  for (const auto& [at, flow] : sums.economy) {
    const auto& [title, day, kind, field, reason] = at;
    flows.add({title, day, kind, field, reason, flow.amount_in, flow.amount_out});
  }
  return flows.insert(
      connection, "INSERT INTO flow (title, day, kind, field, reason, amount_in, amount_out)",
      "ON CONFLICT (title, day, kind, field, reason) DO UPDATE SET"
      " amount_in = CASE WHEN amount_in > 9223372036854775807 - excluded.amount_in"
      " THEN 9223372036854775807 ELSE amount_in + excluded.amount_in END,"
      " amount_out = CASE WHEN amount_out > 9223372036854775807 - excluded.amount_out"
      " THEN 9223372036854775807 ELSE amount_out + excluded.amount_out END",
      7);
}

std::string to_text(const Fields& fields) {
  std::string text;
  json::Writer writer(text);
  writer.begin_object();
  for (const auto& [field, value] : fields) writer.field(field, value);
  writer.end_object();
  return text;
}

Result<Fields> parse_fields(std::string_view text) {
  TRY_ASSIGN(const json::Document document, json::Document::parse(text));
  TRY_ASSIGN(const json::Object object, document.object());
  return read_fields(object);
}

// What has no field left is nothing, and needs no row.
Result<void> put_entities(sql::Connection& connection, const Sums& sums) {
  std::vector<std::string> texts;
  texts.reserve(sums.entities.size());
  Rows rows;
  for (const auto& [key, fields] : sums.entities) {
    if (!fields.empty()) {
      rows.add({key.title, key.arena, key.kind, key.id, texts.emplace_back(to_text(fields))});
      continue;
    }
    TRY(connection.execute(
        "DELETE FROM last_state WHERE title = ? AND arena = ? AND kind = ? AND id = ?",
        {key.title, key.arena, key.kind, key.id}));
  }
  return rows.insert(connection, "INSERT INTO last_state (title, arena, kind, id, fields)",
                     "ON CONFLICT (title, arena, kind, id) DO UPDATE SET fields = excluded.fields",
                     5);
}

struct ProgressRow {
  std::uint64_t rev = 0;
  std::uint64_t world = 0;
  std::string zone;
  std::string places;
};
Result<std::optional<ProgressRow>> read_progress(sql::Connection& connection) {
  std::optional<ProgressRow> found;
  TRY(connection.query("SELECT rev, world, zone, places FROM progress WHERE id = 1", {},
                       [&](const sql::Row& row) {
                         found = {.rev = row.id(0),
                                  .world = row.id(1),
                                  .zone = std::string(row.text(2)),
                                  .places = std::string(as_text(row.blob(3)))};
                       }));
  return found;
}

Result<void> forget(sql::Connection& connection, const NewRun& run, std::uint64_t rev) {
  for (const std::string_view table : counted_tables)
    TRY(connection.execute("DELETE FROM " + std::string(table)));
  TRY(connection.execute("DELETE FROM progress"));
  TRY(
      connection.execute("INSERT INTO progress (id, rev, world, zone, places, as_of_ms, as_of_day)"
                         " VALUES (1, ?, ?, ?, ?, 0, 0)",
                         {rev, run.world, run.zone, bytes_of(Places(sequencer::slot_count, 0))}));
  return {};
}

}  // namespace

Result<Claim> begin_run(sql::Db& db, const NewRun& run) {
  Claim claim;
  TRY(db.write_and_wait([&](sql::Connection& connection) -> Result<void> {
    claim = {.places = Places(sequencer::slot_count, 0)};
    TRY_ASSIGN(const auto progress, read_progress(connection));
    claim.rev = (progress ? progress->rev : 0) + 1;
    const bool goes_on = progress && !run.forgets && progress->world == run.world &&
                         progress->zone == run.zone &&
                         progress->places.size() == bytes_of(claim.places).size();
    if (goes_on) {
      std::memcpy(claim.places.data(), progress->places.data(), progress->places.size());
      TRY_ASSIGN(const std::uint64_t moved,
                 connection.execute("UPDATE progress SET rev = ? WHERE id = 1 AND rev = ?",
                                    {claim.rev, progress->rev}));
      if (moved != 1) return taken_over();
    } else {
      TRY(forget(connection, run, claim.rev));
    }
    TRY(
        connection.execute("UPDATE run SET state = 'interrupted', ended_ms = ?"
                           " WHERE state = 'running'",
                           {run.now_ms}));
    TRY_ASSIGN(const auto last, connection.integer("SELECT MAX(id) FROM run"));
    claim.run = static_cast<std::uint64_t>(last.value_or(0)) + 1;
    TRY(
        connection.execute("INSERT INTO run (id, state, asked_by, started_ms, ended_ms, done_count,"
                           " total_count, command_count, error)"
                           " VALUES (?, 'running', ?, ?, 0, 0, 0, 0, '')",
                           {claim.run, run.asked_by, run.now_ms}));
    if (claim.run > run_kept_count)
      TRY(connection.execute("DELETE FROM run WHERE id <= ?", {claim.run - run_kept_count}));
    return {};
  }));
  return claim;
}

Result<void> load_entities(sql::Db& db, const std::vector<Decided>& commands, Sums& sums) {
  for (const Decided& command : commands)
    for (const auto& [key, fields] : command.entities) sums.entities.try_emplace(key);
  std::vector<sql::Value> keys;
  for (const auto& [key, fields] : sums.entities)
    keys.insert(keys.end(), {key.title, key.arena, key.kind, key.id});
  if (keys.empty()) return {};
  Result<void> parsed;  // a callback has no result
  TRY(db.read_and_wait([&](sql::Connection& connection) {
    return sql::query_tuples(
        connection, "SELECT title, arena, kind, id, fields FROM last_state WHERE ",
        {"title", "arena", "kind", "id"}, keys, [&](const sql::Row& row) {
          Result<Fields> fields = parse_fields(row.text(4));
          if (!fields.ok()) {
            parsed = Error(Code::corrupt, "last_state: " + fields.error().message());
            return;
          }
          sums.entities[{row.id(0), std::string(row.text(1)), std::string(row.text(2)),
                         std::string(row.text(3))}] = std::move(*fields);
        });
  }));
  return parsed;
}

Result<void> add_sums(sql::Db& db, Claim& claim, const Sums& sums, const Zone& zone,
                      const Places& places, const Advance& advance) {
  TRY(db.write_and_wait([&](sql::Connection& connection) -> Result<void> {
    TRY(move_progress(connection, claim, places));
    TRY(add_players(connection, sums));
    TRY(add_commands(connection, sums));
    TRY(add_arenas(connection, sums, zone));
    TRY(add_economy(connection, sums));
    TRY(put_entities(connection, sums));
    TRY(connection.execute(
        "UPDATE run SET done_count = ?, total_count = ?, command_count = ? WHERE id = ?",
        {advance.done_count, advance.total_count, advance.command_count, claim.run}));
    return {};
  }));
  ++claim.rev;
  claim.places = places;
  return {};
}

Result<void> end_run(sql::Db& db, const Claim& claim, const RunEnd& end) {
  // Cut between letters: a column holds no half ones.
  std::string error = end.error.substr(0, error_size_max);
  if (error.size() < end.error.size())
    while (!error.empty() && (static_cast<unsigned char>(end.error[error.size()]) & 0xc0) == 0x80)
      error.pop_back();
  return db.write_and_wait([&](sql::Connection& connection) -> Result<void> {
    TRY(move_progress(connection, claim, claim.places));
    TRY(
        connection.execute("UPDATE run SET state = ?, ended_ms = ?, done_count = ?,"
                           " total_count = ?, command_count = ?, error = ? WHERE id = ?",
                           {end.state, end.now_ms, end.advance.done_count, end.advance.total_count,
                            end.advance.command_count, error, claim.run}));
    if (end.as_of_ms != 0)
      TRY(connection.execute("UPDATE progress SET as_of_ms = ?, as_of_day = ? WHERE id = 1",
                             {end.as_of_ms, end.as_of_day}));
    return {};
  });
}

}  // namespace matsuri::analytics
