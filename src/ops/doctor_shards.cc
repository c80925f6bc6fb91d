// The tables of a shard of game state as the doctor reads them.
#include <algorithm>
#include <string>

#include "ops/internal/tables.h"
#include "sequencer/sql_store.h"

namespace matsuri::ops::internal {
namespace {

// Rows whose slot is not that of their arena: one finding for all.
Result<void> check_slots(sql::Connection& connection, const std::string& name,
                         std::string_view table, Findings& findings) {
  std::uint64_t count = 0;
  std::string example;
  const std::string query =
      "SELECT title, arena, slot FROM " + std::string(table) + " GROUP BY title, arena, slot";
  TRY(connection.query(query, {}, [&](const sql::Row& row) {
    if (sequencer::slot_of(TitleId{row.id(0)}, row.text(1)) == row.id(2)) return;
    if (count++ == 0) example = row.text(1);
  }));
  findings.add_count(count, name + ": arenas have rows of table " + std::string(table) +
                                " in another slot than theirs, like " + example);
  return {};
}

}  // namespace

Result<void> read_shard(sql::Connection& connection, const std::string& name, Findings& findings) {
  std::uint64_t seq = 0, dropped = 0, row_count = 0;
  TRY(connection.query("SELECT seq, dropped_seq FROM shard", {}, [&](const sql::Row& row) {
    ++row_count;
    seq = row.id(0);
    dropped = row.id(1);
  }));
  if (row_count != 1)
    findings.add(name + ": the shard has " + std::to_string(row_count) + " rows, and not one");
  std::uint64_t count = 0, last = 0;
  // Days that were dropped had nothing behind that place, and may have left something before it.
  for (const char* table : {"command", "kept_command"})
    TRY(connection.query(
        "SELECT COUNT(*), COALESCE(MAX(seq), 0) FROM " + std::string(table) + " WHERE seq > ?",
        {dropped}, [&](const sql::Row& row) {
          count += row.id(0);
          last = std::max(last, row.id(1));
        }));
  if (last > seq)
    findings.add(name + ": there is a command at place " + std::to_string(last) +
                 ", and the shard has come to " + std::to_string(seq));
  // A slot that came takes a place, and may leave a gap below it.
  TRY_ASSIGN(const auto moved, connection.integer("SELECT COUNT(*) FROM slot WHERE version > 1"));
  const bool is_dense = moved.value_or(0) == 0;
  if (is_dense && last <= seq && count != seq - std::min(dropped, seq))
    findings.add(name + ": there are " + std::to_string(count) + " commands from place " +
                 std::to_string(dropped + 1) + " to " + std::to_string(seq));
  TRY(check_slots(connection, name, "entity", findings));
  for (const char* table : {"command", "moved_command", "kept_command"})
    TRY(check_slots(connection, name, table, findings));
  return read_ledger(connection, name, findings);
}

}  // namespace matsuri::ops::internal
