#include "sequencer/history.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <span>
#include <utility>

#include "base/bytes.h"
#include "sequencer/slots.h"

namespace matsuri::sequencer {
namespace {

// How many commands one query looks at: other titles' may lie between.
constexpr std::uint64_t window = 4096;
// How many shards may have used the same place.
constexpr std::size_t same_place_max = 64;
constexpr std::string_view columns =
    "seq, command_key, title, arena, actor, reason, unix_ms, outcome, slot";
// Begins the outcome of an applied command, and of no other.
constexpr std::string_view applied_head = R"({"verdict":"applied")";

StoredCommand command_in(const sql::Row& row) {
  StoredCommand command{.seq = row.id(0),
                        .key = {},
                        .slot = static_cast<std::uint32_t>(row.id(8)),
                        .title = TitleId{row.id(2)},
                        .arena = std::string(row.text(3)),
                        .actor = AccountId{row.id(4)},
                        .reason = std::string(row.text(5)),
                        .time_ms = row.integer(6),
                        .outcome = std::string(as_text(row.blob(7)))};
  const Bytes key = row.blob(1);
  std::memcpy(command.key.bytes.data(), key.data(), std::min(key.size(), command.key.bytes.size()));
  return command;
}

std::pair<std::uint64_t, Key> place_of(const StoredCommand& command) {
  return {command.seq, command.key};
}

// What `table` has of the title behind `first`, up to `last`. Where that is more than one read
// takes, `last` becomes the last place of which there is everything.
Result<void> read_places(sql::Connection& connection, std::string_view table,
                         const ChangeQuery& query, std::uint64_t first, std::uint64_t& last,
                         std::vector<StoredCommand>& found) {
  std::string text = "SELECT ";
  text.append(columns).append(" FROM ").append(table);
  text += " WHERE seq > ? AND seq <= ? AND title = ?";
  std::vector<sql::Value> parameters = {first, last, query.title.value};
  if (!query.arena.empty()) {
    text += " AND arena = ?";
    parameters.emplace_back(query.arena);
  }
  text += " ORDER BY seq LIMIT ?";
  const std::size_t row_count_max = query.count_max + same_place_max;
  parameters.emplace_back(std::uint64_t{row_count_max});
  std::size_t row_count = 0;
  TRY(connection.query(text, parameters, [&](const sql::Row& row) {
    ++row_count;
    found.push_back(command_in(row));
  }));
  if (row_count == row_count_max) last = found.back().seq - 1;
  return {};
}

}  // namespace

Result<std::uint64_t> read_seq(sql::Connection& connection) {
  TRY_ASSIGN(const auto seq, connection.integer("SELECT seq FROM shard WHERE id = 1"));
  return static_cast<std::uint64_t>(seq.value_or(0));
}

Result<std::optional<StoredCommand>> read_command(sql::Connection& connection, const Key& key) {
  std::optional<StoredCommand> found;
  for (const char* table : {"command", "moved_command"})
    TRY(connection.query(
        "SELECT " + std::string(columns) + " FROM " + table + " WHERE command_key = ?",
        {Bytes(std::as_bytes(std::span(key.bytes)))},
        [&](const sql::Row& row) { found = command_in(row); }));
  return found;
}

Result<SlotSet> read_owned(sql::Connection& connection) {
  SlotSet owned;
  TRY(connection.query("SELECT slot FROM slot WHERE state = ?",
                       {static_cast<std::int64_t>(SlotState::owned)}, [&](const sql::Row& row) {
                         if (row.id(0) < slot_count) owned.set(row.id(0));
                       }));
  return owned;
}

// A slot's commands are this shard's own, and those that came with it: of a place above none of the
// others'. What came back to where it was decided stands in both tables. They are read one after
// the other, each in the order of an index: a UNION of them would have to be sorted.
Result<Changes> read_changes(sql::Connection& connection, const ChangeQuery& query) {
  Changes changes;
  TRY_ASSIGN(changes.slots, read_owned(connection));
  changes.slots &= query.slots;
  std::uint64_t first = std::numeric_limits<std::uint64_t>::max();
  for (std::size_t slot = 0; slot < slot_count; ++slot)
    if (changes.slots[slot]) first = std::min(first, query.after[slot]);
  changes.read_to = first;
  TRY_ASSIGN(const std::uint64_t end, read_seq(connection));
  if (changes.slots.none() || end <= first) {
    changes.is_end = true;
    return changes;
  }
  std::uint64_t last = std::min(end, first + window);
  std::vector<StoredCommand> found;
  for (const char* table : {"command", "moved_command"})
    TRY(read_places(connection, table, query, first, last, found));
  std::ranges::sort(found, {}, place_of);
  const auto twice = std::ranges::unique(found, {}, place_of);
  found.erase(twice.begin(), twice.end());
  // Shards count for themselves: rows that came may share their place with others. Who goes on
  // behind a place must have seen all of it, so the last one is left out where it does not fit.
  if (found.size() > query.count_max) {
    const std::uint64_t place = found[query.count_max].seq;
    last = std::min(last, place == found.front().seq ? place : place - 1);
  }
  for (StoredCommand& command : found) {
    const bool is_wanted = command.seq <= last && command.slot < slot_count &&
                           changes.slots[command.slot] && command.seq > query.after[command.slot];
    if (is_wanted && command.outcome.starts_with(applied_head))
      changes.commands.push_back(std::move(command));
  }
  changes.read_to = last;
  changes.is_end = last == end;
  return changes;
}

Result<StoredEntity> read_entity(sql::Connection& connection, TitleId title, std::string_view arena,
                                 std::string_view kind, std::string_view id) {
  StoredEntity entity;
  TRY_ASSIGN(const auto state,
             connection.integer("SELECT state FROM slot WHERE slot = ?", {slot_of(title, arena)}));
  if (state != static_cast<std::int64_t>(SlotState::owned))
    return Error(Code::busy, "the arena moves: try again in a moment");
  TRY_ASSIGN(entity.seq, read_seq(connection));
  TRY(
      connection.query("SELECT version, fields FROM entity"
                       " WHERE title = ? AND arena = ? AND kind = ? AND id = ?",
                       {title.value, arena, kind, id}, [&](const sql::Row& row) {
                         entity.version = row.id(0);
                         entity.fields = row.text(1);
                       }));
  return entity;
}

Result<void> end_owners(sql::Connection& connection, std::uint64_t random) {
  const std::uint64_t step = (random >> 32) + 1;
  TRY(connection.execute(
      "UPDATE shard SET epoch = epoch + ?, owner = '', lease_until_ms = 0 WHERE id = 1", {step}));
  return {};
}

}  // namespace matsuri::sequencer
