// Whole arenas are copied where one of their entities changed: that needs no second index on the
// rows that every command writes. A slot's rows are found by looking through the tables; that is
// what a move costs, and it is paid before anybody waits.
#include "sequencer/sql_carrier.h"

#include <algorithm>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/sentence.h"
#include "sequencer/history.h"
#include "sequencer/internal/command_tables.h"
#include "sequencer/internal/slot_rows.h"

namespace matsuri::sequencer {

namespace {

constexpr std::size_t part_count_max = 20'000;  // commands that one carry() takes
constexpr std::size_t write_count_max = 1000;   // rows of one transaction: the owner waits for it

using Arena = std::pair<std::uint64_t, std::string>;

struct EntityRow {
  std::uint64_t title;
  std::string arena, kind, id;
  std::uint64_t version;
  std::string fields;
};

struct CommandRow {
  std::string key;
  std::uint64_t seq;
  std::int64_t fingerprint;
  std::uint64_t title;
  std::string arena;
  std::uint64_t actor;
  std::string reason;
  std::int64_t unix_ms;
  std::string outcome;
};

CommandRow command_of(const sql::Row& row) {
  return {.key = std::string(as_text(row.blob(0))),
          .seq = row.id(1),
          .fingerprint = row.integer(2),
          .title = row.id(3),
          .arena = std::string(row.text(4)),
          .actor = row.id(5),
          .reason = std::string(row.text(6)),
          .unix_ms = row.integer(7),
          .outcome = std::string(as_text(row.blob(8)))};
}

std::string select_commands(std::string_view table, std::string_view behind) {
  return sentence(
      "SELECT command_key, seq, fingerprint, title, arena, actor, reason, unix_ms, outcome FROM ",
      table, " WHERE ", behind, " > ? AND slot = ? ORDER BY ", behind, " LIMIT ?");
}

Result<void> read_arenas(sql::Connection& connection, std::uint32_t slot, std::set<Arena>& arenas) {
  return connection.query(
      "SELECT DISTINCT title, arena FROM entity WHERE slot = ?", {slot},
      [&](const sql::Row& row) { arenas.emplace(row.id(0), std::string(row.text(1))); });
}

Result<void> insert_commands(sql::Connection& connection, std::uint32_t slot,
                             std::span<const CommandRow> commands) {
  std::vector<sql::Value> moved, kept;
  for (const CommandRow& row : commands) {
    std::vector<sql::Value>& values = TitleId{row.title} == kept_title ? kept : moved;
    values.insert(values.end(), {as_bytes(row.key), row.seq, row.fingerprint, row.title, row.arena,
                                 slot, row.actor, row.reason, row.unix_ms, as_bytes(row.outcome)});
  }
  const auto insert = [&](TitleId title, const std::vector<sql::Value>& values) -> Result<void> {
    if (values.empty()) return {};
    return connection.insert_rows(sentence("INSERT INTO ", moved_table_of(title),
                                           " (command_key, seq, fingerprint, title, arena, slot,"
                                           " actor, reason, unix_ms, outcome)"),
                                  "ON CONFLICT (command_key) DO NOTHING", 10, values);
  };
  TRY(insert({}, moved));
  return insert(kept_title, kept);
}

}  // namespace

struct SqlCarrier::Rows {
  Carried carried;
  std::uint64_t dropped_seq = 0;  // commands of the slot up to here may be gone
  std::vector<EntityRow> entities;
  std::vector<CommandRow> commands;
};

Result<void> SqlCarrier::read(const MovePlan& plan, std::uint64_t after_seq, Rows& rows) {
  return from_.read_and_wait([&](sql::Connection& connection) -> Result<void> {
    rows = {};
    TRY_ASSIGN(const std::uint64_t seq, read_seq(connection));
    TRY_ASSIGN(const Kept kept, read_kept(connection));
    rows.dropped_seq = kept.dropped[plan.slot];
    std::set<Arena> arenas;
    if (after_seq == 0) {
      TRY(read_arenas(connection, plan.slot, arenas));
      std::string key;
      for (std::size_t before = 0;; before = rows.commands.size()) {
        TRY(connection.query(
            select_commands(command_tables[1], "command_key"),
            {as_bytes(key), plan.slot, std::uint64_t{part_count_max}},
            [&](const sql::Row& row) { rows.commands.push_back(command_of(row)); }));
        if (rows.commands.size() - before < part_count_max) break;
        key = rows.commands.back().key;
      }
    }
    rows.carried.seq = seq;
    std::size_t count = 0;
    for (const std::string_view table : {command_tables[0], command_tables[2]}) {
      const std::size_t before = rows.commands.size();
      TRY(connection.query(
          select_commands(table, "seq"), {after_seq, plan.slot, std::uint64_t{part_count_max}},
          [&](const sql::Row& row) {
            const CommandRow& command = rows.commands.emplace_back(command_of(row));
            arenas.emplace(command.title, command.arena);
          }));
      const std::size_t found = rows.commands.size() - before;
      count += found;
      if (found == part_count_max)
        rows.carried.seq = std::min(rows.carried.seq, rows.commands.back().seq);
    }
    rows.carried.all = count < write_count_max;
    for (const Arena& arena : arenas)
      TRY(connection.query(
          "SELECT kind, id, version, fields FROM entity WHERE title = ? AND arena = ?",
          {arena.first, arena.second}, [&](const sql::Row& row) {
            rows.entities.push_back({.title = arena.first,
                                     .arena = arena.second,
                                     .kind = std::string(row.text(0)),
                                     .id = std::string(row.text(1)),
                                     .version = row.id(2),
                                     .fields = std::string(row.text(3))});
          }));
    return {};
  });
}

// Rows that are there already are as new, or newer: another look at the same shard brought them.
Result<void> SqlCarrier::write(const MovePlan& plan, const Rows& rows) {
  const auto in_parts = [&](const auto& all, const auto& insert) -> Result<void> {
    for (std::size_t first = 0; first < all.size(); first += write_count_max) {
      const auto part =
          std::span(all).subspan(first, std::min(write_count_max, all.size() - first));
      TRY(to_.write_and_wait([&](sql::Connection& connection) -> Result<void> {
        TRY(hold_slot(connection, plan.slot, SlotState::arriving, plan.version));
        return insert(connection, part);
      }));
    }
    return {};
  };
  TRY(in_parts(rows.entities, [&](sql::Connection& connection, std::span<const EntityRow> part) {
    std::vector<sql::Value> values;
    for (const EntityRow& row : part)
      values.insert(values.end(),
                    {row.title, row.arena, row.kind, row.id, plan.slot, row.version, row.fields});
    return connection.insert_rows(
        "INSERT INTO entity (title, arena, kind, id, slot, version, fields)",
        "ON CONFLICT (title, arena, kind, id) DO UPDATE SET"
        " fields = CASE WHEN excluded.version > version THEN excluded.fields ELSE fields END,"
        " version = CASE WHEN excluded.version > version THEN excluded.version ELSE version END",
        7, values);
  }));
  TRY(in_parts(rows.commands, [&](sql::Connection& connection, std::span<const CommandRow> part) {
    return insert_commands(connection, plan.slot, part);
  }));
  if (rows.dropped_seq == 0) return {};
  return to_.write_and_wait([&](sql::Connection& connection) -> Result<void> {
    TRY(hold_slot(connection, plan.slot, SlotState::arriving, plan.version));
    TRY(connection.execute("UPDATE slot SET dropped_seq = ? WHERE slot = ? AND dropped_seq < ?",
                           {rows.dropped_seq, plan.slot, rows.dropped_seq}));
    return {};
  });
}

Result<Carried> SqlCarrier::carry(const MovePlan& plan, std::uint64_t after_seq) {
  Rows rows;
  TRY(read(plan, after_seq, rows));
  TRY(write(plan, rows));
  return rows.carried;
}

Result<void> SqlCarrier::clear(const MovePlan& plan) {
  std::set<Arena> arenas;
  TRY(from_.read_and_wait([&](sql::Connection& connection) -> Result<void> {
    arenas.clear();
    return read_arenas(connection, plan.slot, arenas);
  }));
  for (const auto& [title, arena] : arenas)
    TRY(from_.write_and_wait([&](sql::Connection& connection) -> Result<void> {
      TRY(hold_slot(connection, plan.slot, SlotState::given, plan.version));
      TRY(connection.execute("DELETE FROM entity WHERE title = ? AND arena = ?", {title, arena}));
      return {};
    }));
  return {};
}

}  // namespace matsuri::sequencer
