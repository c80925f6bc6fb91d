#include "sequencer/history.h"

#include <algorithm>
#include <cstring>
#include <iterator>
#include <limits>
#include <span>
#include <utility>

#include "base/bytes.h"
#include "base/sentence.h"
#include "sequencer/internal/command_tables.h"
#include "sequencer/internal/stored.h"
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

// What `table` has for the query behind `first`, up to `last`. Where that is more than one read
// takes, `last` becomes the last place of which there is everything.
Result<void> read_places(sql::Connection& connection, std::string_view table,
                         const ChangeQuery& query, std::uint64_t first, std::uint64_t& last,
                         std::vector<StoredCommand>& found) {
  std::string text = "SELECT ";
  text.append(columns).append(" FROM ").append(table);
  text += " WHERE seq > ? AND seq <= ?";
  std::vector<sql::Value> parameters = {first, last};
  if (query.title) {
    text += " AND title = ?";
    parameters.emplace_back(query.title.value);
  }
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

constexpr std::string_view log_index_statements[] = {
    "CREATE INDEX IF NOT EXISTS log_by_arena ON command (title, arena, seq)",
    "CREATE INDEX IF NOT EXISTS log_by_arena ON moved_command (title, arena, seq)",
    "CREATE INDEX IF NOT EXISTS log_by_id ON entity (title, id)",
};

// Are all of log_indexes() there? What is being made does not count yet.
Result<bool> has_log_indexes(sql::Connection& connection) {
  if (connection.engine() != sql::Engine::mariadb) return false;
  TRY_ASSIGN(const auto count,
             connection.integer("SELECT COUNT(*) FROM information_schema.statistics"
                                " WHERE table_schema = DATABASE() AND seq_in_index = 1"
                                " AND table_name IN ('command', 'moved_command', 'entity')"
                                " AND index_name IN ('log_by_arena', 'log_by_id')"));
  return count == static_cast<std::int64_t>(std::size(log_index_statements));
}

std::span<const std::string_view> looked_at(const PastQuery& query) {
  const auto tables = tables_of(query.title);
  return query.with_moved ? tables : tables.first(1);
}

// The place from which on `query` looks at things, down from `top`.
Result<std::uint64_t> look_from(sql::Connection& connection, const PastQuery& query,
                                std::uint64_t top) {
  bool has_indexes = false;  // of use where an arena is named
  if (!query.arena.empty()) {
    TRY_ASSIGN(has_indexes, has_log_indexes(connection));
  }
  if (!has_indexes) return top < query.look_count ? 0 : top - query.look_count + 1;
  std::uint64_t from = 0;
  for (const std::string_view table : looked_at(query)) {
    TRY_ASSIGN(const auto seq,
               connection.integer(sentence("SELECT seq FROM ", table,
                                           " WHERE title = ? AND arena = ? AND seq <= ?"
                                           " ORDER BY seq DESC LIMIT 1 OFFSET ?"),
                                  {query.title.value, query.arena, top, query.look_count - 1}));
    from = std::max(from, static_cast<std::uint64_t>(seq.value_or(0)));
  }
  return from;
}

// What `table` has from `past.looked_to` up to `top`. Where that is more than one read takes,
// looked_to becomes the place from which on there is everything.
Result<void> look_back(sql::Connection& connection, std::string_view table, const PastQuery& query,
                       std::uint64_t top, PastPage& past) {
  std::string text = "SELECT ";
  text.append(columns).append(" FROM ").append(table);
  text += " WHERE seq <= ? AND seq >= ? AND title = ?";
  std::vector<sql::Value> parameters = {top, past.looked_to, query.title.value};
  if (!query.arena.empty()) {
    text += " AND arena = ?";
    parameters.emplace_back(query.arena);
  }
  const std::string mark = entity_mark(query.kind, query.entity);
  text += " AND (INSTR(outcome, ?) > 0";
  parameters.emplace_back(as_bytes(mark));
  if (query.actor) {
    text += " OR actor = ?";
    parameters.emplace_back(query.actor.value);
  }
  text += ") ORDER BY seq DESC LIMIT ?";
  parameters.emplace_back(std::uint64_t{query.count_max});
  std::size_t row_count = 0;
  TRY(connection.query(text, parameters, [&](const sql::Row& row) {
    ++row_count;
    past.commands.push_back(command_in(row));
  }));
  if (row_count == query.count_max) past.looked_to = past.commands.back().seq;
  return {};
}

}  // namespace

Result<std::uint64_t> read_seq(sql::Connection& connection) {
  TRY_ASSIGN(const auto seq, connection.integer("SELECT seq FROM shard WHERE id = 1"));
  return static_cast<std::uint64_t>(seq.value_or(0));
}

Result<ShardPlace> read_place(sql::Connection& connection) {
  ShardPlace place;
  TRY(connection.query(
      "SELECT seq, lease_until_ms FROM shard WHERE id = 1", {},
      [&](const sql::Row& row) { place = {.seq = row.id(0), .lease_until_ms = row.integer(1)}; }));
  return place;
}

Result<std::optional<StoredCommand>> read_command(sql::Connection& connection, const Key& key) {
  std::optional<StoredCommand> found;
  for (const std::string_view table : command_tables)
    TRY(connection.query(sentence("SELECT ", columns, " FROM ", table, " WHERE command_key = ?"),
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

// What the shard dropped of its own has to do with those slots only that it had then.
Result<Kept> read_kept(sql::Connection& connection) {
  Kept kept{.slots = {}, .dropped = std::vector<std::uint64_t>(slot_count, 0)};
  TRY_ASSIGN(const auto own, connection.integer("SELECT dropped_seq FROM shard WHERE id = 1"));
  const auto own_dropped = static_cast<std::uint64_t>(own.value_or(0));
  TRY(connection.query("SELECT slot, since_seq, dropped_seq FROM slot WHERE state = ?",
                       {static_cast<std::int64_t>(SlotState::owned)}, [&](const sql::Row& row) {
                         if (row.id(0) >= slot_count) return;
                         kept.slots.set(row.id(0));
                         std::uint64_t& dropped = kept.dropped[row.id(0)];
                         dropped = row.id(2);
                         if (own_dropped > row.id(1)) dropped = std::max(dropped, own_dropped);
                       }));
  return kept;
}

// A slot's commands are this shard's own, and those that came with it: of a place above none of the
// others'. What came back to where it was decided stands in both tables. They are read one after
// the other, each in the order of an index: a UNION of them would have to be sorted.
Result<std::vector<StoredCommand>> read_stored(sql::Connection& connection,
                                               const ChangeQuery& query, std::uint64_t first,
                                               std::uint64_t& last) {
  std::vector<StoredCommand> found;
  for (const std::string_view table : tables_of(query.title))
    TRY(read_places(connection, table, query, first, last, found));
  std::ranges::sort(found, {}, place_of);
  const auto twice = std::ranges::unique(found, {}, place_of);
  found.erase(twice.begin(), twice.end());
  return found;
}

Result<Changes> read_changes(sql::Connection& connection, const ChangeQuery& query) {
  Changes changes;
  TRY_ASSIGN(const Kept kept, read_kept(connection));
  changes.slots = kept.slots & query.slots;
  std::uint64_t first = std::numeric_limits<std::uint64_t>::max();
  for (std::size_t slot = 0; slot < slot_count; ++slot) {
    if (!changes.slots[slot]) continue;
    if (query.after[slot] < kept.dropped[slot] && query.title != kept_title)
      return Error(Code::conflict, "changes behind that place are not kept any more");
    first = std::min(first, query.after[slot]);
  }
  changes.read_to = first;
  TRY_ASSIGN(const std::uint64_t end, read_seq(connection));
  if (changes.slots.none() || end <= first) {
    changes.is_end = true;
    return changes;
  }
  std::uint64_t last = std::min(end, first + window);
  TRY_ASSIGN(std::vector<StoredCommand> found, read_stored(connection, query, first, last));
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

// Places that nobody used are passed over: an arena that came left a gap.
Result<PastPage> read_past(sql::Connection& connection, const PastQuery& query) {
  const std::span<const std::string_view> tables = looked_at(query);
  std::uint64_t top = 0;
  for (const std::string_view table : tables) {
    TRY_ASSIGN(const auto seq,
               connection.integer(sentence("SELECT MAX(seq) FROM ", table, " WHERE seq < ?"),
                                  {query.before}));
    top = std::max(top, static_cast<std::uint64_t>(seq.value_or(0)));
  }
  PastPage past{.is_end = true};
  if (top == 0) return past;
  TRY_ASSIGN(past.looked_to, look_from(connection, query, top));
  for (const std::string_view table : tables) TRY(look_back(connection, table, query, top, past));
  std::ranges::sort(past.commands, std::ranges::greater(), place_of);
  const auto twice = std::ranges::unique(past.commands, {}, place_of);
  past.commands.erase(twice.begin(), twice.end());
  std::erase_if(past.commands, [&](const StoredCommand& command) {
    return command.seq < past.looked_to || !command.outcome.starts_with(applied_head);
  });
  TRY(connection.query("SELECT seq, unix_ms FROM command WHERE seq >= ? ORDER BY seq LIMIT 1",
                       {past.looked_to},
                       [&](const sql::Row& row) { past.looked_to_ms = row.integer(1); }));
  for (const std::string_view table : tables) {
    TRY_ASSIGN(const auto below,
               connection.integer(sentence("SELECT MAX(seq) FROM ", table, " WHERE seq < ?"),
                                  {past.looked_to}));
    past.is_end = past.is_end && !below;
  }
  return past;
}

Result<Entities> read_entities(sql::Connection& connection, const EntitiesQuery& query) {
  TRY_ASSIGN(const SlotSet owned, read_owned(connection));
  Entities entities;
  const auto take = [&](const sql::Row& row) {
    if (entities.found.size() == query.count_max) return;
    ++entities.looked_count;
    entities.last_arena = row.text(0);
    entities.last_kind = row.text(1);
    entities.last_id = row.text(2);
    const std::string_view fields = row.text(5);
    const bool is_wanted = row.text(2) == query.id && row.id(3) < slot_count && owned[row.id(3)];
    if (is_wanted && fields != "{}")
      entities.found.push_back({.arena = entities.last_arena,
                                .kind = entities.last_kind,
                                .id = entities.last_id,
                                .version = row.id(4),
                                .fields = std::string(fields)});
  };
  // MariaDB finds the first row by the arena alone, SQLite by the three together: its plus keeps it
  // from taking the arena.
  std::string text =
      "SELECT arena, kind, id, slot, version, CASE WHEN id = ? THEN fields ELSE '' END FROM entity"
      " WHERE title = ? AND +arena >= ? AND (arena, kind, id) > (?, ?, ?)";
  std::vector<sql::Value> parameters = {query.id,          query.title.value, query.after_arena,
                                        query.after_arena, query.after_kind,  query.after_id};
  TRY_ASSIGN(const bool has_indexes, has_log_indexes(connection));
  if (has_indexes) {
    text += " AND id = ?";
    parameters.emplace_back(query.id);
  }
  text += " ORDER BY arena, kind, id LIMIT ?";
  parameters.emplace_back(std::uint64_t{query.look_count});
  TRY(connection.query(text, parameters, take));
  entities.is_end =
      entities.looked_count < query.look_count && entities.found.size() < query.count_max;
  return entities;
}

std::span<const std::string_view> log_indexes() { return log_index_statements; }

Result<bool> owns_arena(sql::Connection& connection, TitleId title, std::string_view arena) {
  TRY_ASSIGN(const auto state,
             connection.integer("SELECT state FROM slot WHERE slot = ?", {slot_of(title, arena)}));
  return state == static_cast<std::int64_t>(SlotState::owned);
}

Result<StoredEntity> read_entity(sql::Connection& connection, TitleId title, std::string_view arena,
                                 std::string_view kind, std::string_view id) {
  StoredEntity entity;
  TRY_ASSIGN(const bool owns, owns_arena(connection, title, arena));
  if (!owns) return Error(Code::busy, "the arena moves: try again in a moment");
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
