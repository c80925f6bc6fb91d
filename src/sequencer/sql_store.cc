// A batch is one transaction: the shard's row first, because its condition is the fence and its
// lock makes everybody else wait, then the entities as they are now, then the commands.
#include "sequencer/sql_store.h"

#include <cstring>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "base/assert.h"
#include "base/bytes.h"
#include "base/log.h"
#include "base/plant.h"
#include "base/sentence.h"
#include "sequencer/internal/command_tables.h"
#include "sequencer/internal/slot_rows.h"
#include "sequencer/internal/stored.h"
#include "sql/list.h"

namespace matsuri::sequencer {

namespace {

// `key` is a word of MariaDB's own, hence command_key. Fingerprints are 64 bits, kept as signed.
constexpr sql::Migration migrations[] = {
    {1, R"(CREATE TABLE shard (
  id {ID} NOT NULL PRIMARY KEY,
  epoch {ID} NOT NULL,
  owner {TEXT(64)} NOT NULL,
  lease_until_ms {ID} NOT NULL,
  seq {ID} NOT NULL
) {TABLE_OPTIONS};
INSERT INTO shard (id, epoch, owner, lease_until_ms, seq) VALUES (1, 0, '', 0, 0);
CREATE TABLE entity (
  title {ID} NOT NULL,
  arena {TEXT(64)} NOT NULL,
  kind {TEXT(32)} NOT NULL,
  id {TEXT(64)} NOT NULL,
  slot {ID} NOT NULL,
  version {ID} NOT NULL,
  fields {TEXT(4096)} NOT NULL,
  PRIMARY KEY (title, arena, kind, id)
) {CLUSTERED_OPTIONS};
CREATE TABLE command (
  seq {ID} NOT NULL PRIMARY KEY,
  command_key {BLOB(16)} NOT NULL,
  fingerprint {INT} NOT NULL,
  title {ID} NOT NULL,
  arena {TEXT(64)} NOT NULL,
  slot {ID} NOT NULL,
  actor {ID} NOT NULL,
  reason {TEXT(64)} NOT NULL,
  unix_ms {ID} NOT NULL,
  outcome {BLOB} NOT NULL
) {TABLE_OPTIONS};
CREATE UNIQUE INDEX command_by_key ON command (command_key))"},
    // moved_command: commands that came with their slot, at the places of the shard that decided
    // them. Those of `command` are this shard's own, for ever.
    {2, R"(CREATE TABLE slot (
  slot {ID} NOT NULL PRIMARY KEY,
  state {ID} NOT NULL,
  version {ID} NOT NULL,
  peer {ID} NOT NULL
) {TABLE_OPTIONS};
CREATE TABLE shard_origin (
  id {ID} NOT NULL PRIMARY KEY,
  number {ID} NOT NULL,
  shard_count {ID} NOT NULL
) {TABLE_OPTIONS};
CREATE TABLE moved_command (
  command_key {BLOB(16)} NOT NULL PRIMARY KEY,
  seq {ID} NOT NULL,
  fingerprint {INT} NOT NULL,
  title {ID} NOT NULL,
  arena {TEXT(64)} NOT NULL,
  slot {ID} NOT NULL,
  actor {ID} NOT NULL,
  reason {TEXT(64)} NOT NULL,
  unix_ms {ID} NOT NULL,
  outcome {BLOB} NOT NULL
) {CLUSTERED_OPTIONS})"},
    // What the operator wants: in the database of shard 0 alone.
    {3, R"(CREATE TABLE slot_wish (
  slot {ID} NOT NULL PRIMARY KEY,
  shard {ID} NOT NULL
) {TABLE_OPTIONS})"},
    {4, "CREATE INDEX moved_command_by_seq ON moved_command (seq)"},
    // kept_command: what is kept for ever (kept_title), decided here or come with its slot.
    // dropped_seq: commands up to there may be gone; since_seq: the place at which the slot came.
    {5, R"(ALTER TABLE shard ADD COLUMN dropped_seq {ID} NOT NULL DEFAULT 0;
ALTER TABLE slot ADD COLUMN since_seq {ID} NOT NULL DEFAULT 0;
ALTER TABLE slot ADD COLUMN dropped_seq {ID} NOT NULL DEFAULT 0;
CREATE TABLE kept_command (
  command_key {BLOB(16)} NOT NULL PRIMARY KEY,
  seq {ID} NOT NULL,
  fingerprint {INT} NOT NULL,
  title {ID} NOT NULL,
  arena {TEXT(64)} NOT NULL,
  slot {ID} NOT NULL,
  actor {ID} NOT NULL,
  reason {TEXT(64)} NOT NULL,
  unix_ms {ID} NOT NULL,
  outcome {BLOB} NOT NULL
) {CLUSTERED_OPTIONS};
CREATE INDEX kept_command_by_seq ON kept_command (seq);
INSERT INTO kept_command (command_key, seq, fingerprint, title, arena, slot, actor, reason, unix_ms,
  outcome)
  SELECT command_key, seq, fingerprint, title, arena, slot, actor, reason, unix_ms, outcome
  FROM command WHERE title = 1 AND command_key NOT IN (SELECT command_key FROM kept_command);
INSERT INTO kept_command (command_key, seq, fingerprint, title, arena, slot, actor, reason, unix_ms,
  outcome)
  SELECT command_key, seq, fingerprint, title, arena, slot, actor, reason, unix_ms, outcome
  FROM moved_command WHERE title = 1
  AND command_key NOT IN (SELECT command_key FROM kept_command);
DELETE FROM command WHERE title = 1;
DELETE FROM moved_command WHERE title = 1)"},
};

constexpr std::string_view row_query =
    "SELECT epoch, owner, lease_until_ms, seq FROM shard WHERE id = 1";

ShardRow row_of(const sql::Row& row) {
  return {.epoch = row.id(0),
          .owner = std::string(row.text(1)),
          .lease_until_ms = row.integer(2),
          .seq = row.id(3)};
}

Result<ShardRow> read_row(sql::Connection& connection) {
  ShardRow found;
  TRY(connection.query(row_query, {}, [&](const sql::Row& row) { found = row_of(row); }));
  return found;
}

Bytes bytes_of(const Key& key) { return std::as_bytes(std::span(key.bytes)); }

}  // namespace

Result<std::unique_ptr<SqlStore>> SqlStore::open(sql::Db& db, Schemas schemas,
                                                 const SqlStoreOptions& options) {
  TRY(db.migrate("sequencer", migrations));
  TRY_ASSIGN(auto writer, db.dedicate());
  std::unique_ptr<SqlStore> store(new SqlStore(db, std::move(schemas), options, std::move(writer)));
  TRY(store->found_shard());
  return store;
}

// The first to come divides the slots, and writes down how.
Result<void> SqlStore::found_shard() {
  return db_.write_and_wait([this](sql::Connection& connection) -> Result<void> {
    std::optional<std::uint32_t> number;
    const auto read = [&] {
      return connection.query("SELECT number, shard_count FROM shard_origin WHERE id = 1", {},
                              [&](const sql::Row& row) {
                                number = static_cast<std::uint32_t>(row.id(0));
                                first_shard_count_ = static_cast<std::uint32_t>(row.id(1));
                              });
    };
    TRY(read());
    if (!number) {
      std::vector<sql::Value> values;
      const Slots slots = first_slots(options_.number, options_.shard_count);
      for (std::uint32_t slot = 0; slot < slot_count; ++slot)
        values.insert(values.end(),
                      {slot, std::uint32_t{static_cast<std::uint8_t>(slots[slot].state)},
                       slots[slot].version, slots[slot].peer});
      TRY(connection.execute("INSERT INTO shard_origin (id, number, shard_count) VALUES (1, ?, ?)",
                             {options_.number, options_.shard_count}));
      TRY(connection.insert_rows("INSERT INTO slot (slot, state, version, peer)", "", 4, values));
      TRY(read());
    }
    if (number == options_.number) return {};
    return Error(Code::invalid, sentence(db_.name(), ": is the database of shard ",
                                         number.value_or(0), ", not of ", options_.number));
  });
}

Result<ShardRow> SqlStore::row() {
  ShardRow found;
  TRY(db_.read_and_wait([&](sql::Connection& connection) -> Result<void> {
    TRY_ASSIGN(found, read_row(connection));
    return {};
  }));
  return found;
}

Result<ShardRow> SqlStore::take(const ShardRow& seen, const std::string& owner,
                                std::int64_t lease_until_ms) {
  TRY(writer_->begin());
  ShardRow next{
      .epoch = seen.epoch + 1, .owner = owner, .lease_until_ms = lease_until_ms, .seq = seen.seq};
  const Result<std::uint64_t> moved = writer_->connection().execute(
      "UPDATE shard SET epoch = ?, owner = ?, lease_until_ms = ?"
      " WHERE id = 1 AND epoch = ? AND seq = ? AND lease_until_ms = ?",
      {next.epoch, next.owner, next.lease_until_ms, seen.epoch, seen.seq, seen.lease_until_ms});
  if (!moved.ok() || *moved != 1) {
    writer_->rollback();
    if (!moved.ok()) return moved.error();
    return Error(Code::conflict, "somebody else took the shard");
  }
  std::optional<Error> error;
  if (writer_->commit(&error) != sql::CommitOutcome::done) return std::move(*error);
  return next;
}

Result<Slots> SqlStore::slots() {
  Slots slots(slot_count);
  TRY(db_.read_and_wait(
      [&](sql::Connection& connection) { return read_slots(connection, slots); }));
  return slots;
}

Result<Found> SqlStore::load(const Needs& needs) {
  std::vector<sql::Value> names;
  std::vector<std::shared_ptr<const Schema>> held;  // so that names of kinds stay
  for (const EntityName& name : needs.entities) {
    auto schema = schemas_(name.title);
    if (schema == nullptr) return Error(Code::invalid, "a title without a schema");
    names.insert(names.end(),
                 {name.title.value, name.arena, schema->kinds[name.kind].name, name.id});
    held.push_back(std::move(schema));
  }
  std::vector<sql::Value> keys;
  for (const Key& key : needs.keys) keys.emplace_back(bytes_of(key));

  Found found;
  Result<void> parsed;  // of the rows: a callback has no result
  TRY(db_.read_and_wait([&](sql::Connection& connection) -> Result<void> {
    found = {};
    TRY_ASSIGN(const ShardRow row, read_row(connection));
    found.seq = row.seq;
    TRY(read_entities(connection, names, found, parsed));
    return read_commands(connection, keys, found, parsed);
  }));
  TRY(std::move(parsed));
  return found;
}

Result<void> SqlStore::read_entities(sql::Connection& connection, std::span<const sql::Value> names,
                                     Found& found, Result<void>& parsed) const {
  if (names.empty()) return {};
  return sql::query_tuples(
      connection, "SELECT title, arena, kind, id, version, fields FROM entity WHERE ",
      {"title", "arena", "kind", "id"}, names, [&](const sql::Row& row) {
        const TitleId title{row.id(0)};
        const auto schema = schemas_(title);
        const auto kind = schema == nullptr ? std::nullopt : schema->find(row.text(2));
        Result<Entity> entity =
            kind ? parse_fields(row.text(5), row.id(4), schema->kinds[*kind])
                 : Error(Code::corrupt, "a stored entity of a kind that the schema does not have");
        if (!entity.ok()) {
          parsed = std::move(entity).error();
          return;
        }
        found.entities.emplace_back(
            EntityName{title, std::string(row.text(1)), *kind, std::string(row.text(3))},
            std::move(*entity));
      });
}

Result<void> SqlStore::read_commands(sql::Connection& connection, std::span<const sql::Value> keys,
                                     Found& found, Result<void>& parsed) const {
  if (keys.empty()) return {};
  const auto take = [&](const sql::Row& row) {
    const auto schema = schemas_(TitleId{row.id(2)});
    Result<Outcome> outcome =
        schema != nullptr ? parse_outcome(as_text(row.blob(5)), *schema)
                          : Error(Code::corrupt, "a stored command of a title without a schema");
    if (!outcome.ok() || row.blob(0).size() != sizeof(Key::bytes)) {
      parsed = outcome.ok() ? Error(Code::corrupt, "a stored key of another size")
                            : std::move(outcome).error();
      return;
    }
    Past past{.fingerprint = static_cast<std::uint64_t>(row.integer(1)),
              .outcome = std::move(*outcome)};
    std::memcpy(past.key.bytes.data(), row.blob(0).data(), past.key.bytes.size());
    past.outcome.seq = row.id(3);
    past.outcome.time_ms = row.integer(4);
    found.commands.push_back(std::move(past));
  };
  for (const std::string_view table : command_tables)
    TRY(sql::query_in(
        connection,
        sentence("SELECT command_key, fingerprint, title, seq, unix_ms, outcome FROM ", table,
                 " WHERE command_key"),
        "", keys, {}, take));
  return {};
}

// The fence: of two who write, one finds the row where it left it.
Result<SqlStore::Place> SqlStore::move_row(sql::Connection& connection, const Write& write) {
  if (planted("no_fencing")) {
    TRY(connection.execute("UPDATE shard SET seq = ? WHERE id = 1", {write.seq_after}));
    return Place::moved;
  }
  TRY_ASSIGN(
      const std::uint64_t count,
      connection.execute("UPDATE shard SET seq = ?, lease_until_ms = ?"
                         " WHERE id = 1 AND epoch = ? AND seq = ?",
                         {write.seq_after, write.lease_until_ms, write.epoch, write.seq_before}));
  if (count == 1) return Place::moved;
  TRY_ASSIGN(const ShardRow row, read_row(connection));
  const bool there = row.epoch == write.epoch && row.seq == write.seq_after;
  return there ? Place::there : Place::elsewhere;
}

namespace {

// Texts of many rows in one piece of memory. They are viewed only when all are in.
class Texts {
 public:
  template <class Append>
  void add(const Append& append) {
    append(text_);
    ends_.push_back(text_.size());
  }
  std::string_view operator[](std::size_t index) const {
    const std::size_t begin = index == 0 ? 0 : ends_[index - 1];
    return std::string_view(text_).substr(begin, ends_[index] - begin);
  }

 private:
  std::string text_;
  std::vector<std::size_t> ends_;
};

// Rows come in runs of one title, and of one arena.
class LastSchema {
 public:
  explicit LastSchema(const Schemas& schemas) : schemas_(schemas) {}
  const Schema& of(TitleId title) {
    if (schema_ == nullptr || title != title_) schema_ = schemas_(title_ = title);
    MATSURI_ASSERT(schema_ != nullptr, "what was decided has a schema");
    return *schema_;
  }

 private:
  const Schemas& schemas_;
  TitleId title_;
  std::shared_ptr<const Schema> schema_;
};

}  // namespace

Result<void> SqlStore::write_entities(sql::Connection& connection, const Write& write) {
  if (write.entities.empty()) return {};
  LastSchema schema(schemas_);
  Texts fields;
  for (const auto& [name, entity] : write.entities) {
    const Kind& kind = schema.of(name.title).kinds[name.kind];
    fields.add([&](std::string& text) { append_fields(text, entity, kind); });
  }
  // Copied, because only the last schema is held.
  Texts kinds;
  for (const auto& [name, entity] : write.entities)
    kinds.add([&](std::string& text) { text += schema.of(name.title).kinds[name.kind].name; });
  std::vector<sql::Value> values;
  values.reserve(write.entities.size() * 7);
  for (std::size_t i = 0; i < write.entities.size(); ++i) {
    const auto& [name, entity] = write.entities[i];
    values.insert(values.end(), {name.title.value, name.arena, kinds[i], name.id,
                                 slot_of(name.title, name.arena), entity.version, fields[i]});
  }
  return connection.insert_rows(
      "INSERT INTO entity (title, arena, kind, id, slot, version, fields)",
      "ON CONFLICT (title, arena, kind, id) DO UPDATE SET version = excluded.version,"
      " fields = excluded.fields",
      7, values);
}

Result<void> SqlStore::write_commands(sql::Connection& connection, const Write& write) {
  if (write.commands.empty()) return {};
  LastSchema schema(schemas_);
  Texts outcomes;
  for (const auto& [command, outcome] : write.commands)
    outcomes.add([&](std::string& text) {
      append_outcome(text, command, outcome, schema.of(command.entities.front().title));
    });
  std::vector<sql::Value> decided, kept;
  decided.reserve(write.commands.size() * 10);
  for (std::size_t i = 0; i < write.commands.size(); ++i) {
    const auto& [command, outcome] = write.commands[i];
    const EntityName& first = command.entities.front();
    std::vector<sql::Value>& values = first.title == kept_title ? kept : decided;
    values.insert(
        values.end(),
        {outcome.seq, bytes_of(command.key), static_cast<std::int64_t>(command.fingerprint),
         first.title.value, first.arena, slot_of(first.title, first.arena), command.actor.value,
         command.reason, outcome.time_ms, as_bytes(outcomes[i])});
  }
  const auto insert = [&](TitleId title, const std::vector<sql::Value>& values) -> Result<void> {
    if (values.empty()) return {};
    return connection.insert_rows(sentence("INSERT INTO ", table_of(title),
                                           " (seq, command_key, fingerprint, title, arena, slot,"
                                           " actor, reason, unix_ms, outcome)"),
                                  "", 10, values);
  };
  TRY(insert({}, decided));
  return insert(kept_title, kept);
}

Result<void> SqlStore::write_slots(sql::Connection& connection, const Write& write) {
  for (const auto& [slot, row] : write.slots)
    TRY(connection.execute(
        "UPDATE slot SET state = ?, version = ?, peer = ?,"
        " since_seq = CASE WHEN ? THEN ? ELSE since_seq END WHERE slot = ?",
        {std::uint32_t{static_cast<std::uint8_t>(row.state)}, row.version, row.peer,
         row.state == SlotState::owned ? 1 : 0, write.seq_before, slot}));
  return {};
}

Committed SqlStore::commit(const Write& write) {
  if (!writer_->begin().ok()) return Committed::failed;
  sql::Connection& connection = writer_->connection();
  Result<Place> place = move_row(connection, write);
  if (place.ok() && *place == Place::moved) {
    Result<void> written = write_entities(connection, write);
    if (written.ok()) written = write_commands(connection, write);
    if (written.ok()) written = write_slots(connection, write);
    if (!written.ok()) place = std::move(written).error();
  }
  if (!place.ok()) {
    writer_->rollback();
    log::warn("sequencer", "a batch was not written", {{"reason", place.error().to_string()}});
    return Committed::failed;
  }
  if (*place != Place::moved) {
    writer_->rollback();
    return *place == Place::there ? Committed::done : Committed::fenced;
  }
  switch (writer_->commit()) {
    case sql::CommitOutcome::done:
      return Committed::done;
    case sql::CommitOutcome::failed:
      return Committed::failed;
    case sql::CommitOutcome::unknown:
      break;
  }
  return Committed::unknown;
}

}  // namespace matsuri::sequencer
