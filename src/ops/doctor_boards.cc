// The tables of leaderboards as the doctor reads them. What they are made of lies in shards, which
// are at another moment; but within them all has to add up.
#include <string>

#include "ops/internal/tables.h"

namespace matsuri::ops::internal {

Result<void> read_boards(sql::Connection& connection, const std::string& name, Findings& findings) {
  TRY_ASSIGN(const auto places, connection.integer("SELECT COUNT(*) FROM board_place"));
  if (places.value_or(0) > 1)
    findings.add(name + ": there are " + std::to_string(*places) + " rows of places, and not one");
  TRY_ASSIGN(
      const auto torn,
      connection.integer("SELECT COUNT(*) FROM (SELECT board, id, COUNT(value) AS part_count"
                         " FROM board_part GROUP BY board, id) AS made"
                         " LEFT JOIN board_entry ON board_entry.board = made.board"
                         " AND board_entry.id = made.id WHERE part_count <> COALESCE(parts, 0)"));
  findings.add_count(static_cast<std::uint64_t>(torn.value_or(0)),
                     name + ": entries are not made of as many parts as there are");
  TRY_ASSIGN(
      const auto lost,
      connection.integer("SELECT COUNT(*) FROM board_entry WHERE NOT EXISTS ("
                         "SELECT 1 FROM board_part WHERE board_part.board = board_entry.board"
                         " AND board_part.id = board_entry.id)"));
  findings.add_count(static_cast<std::uint64_t>(lost.value_or(0)), name + ": entries have no part");
  return {};
}

}  // namespace matsuri::ops::internal
