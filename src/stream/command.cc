// What became of single records: refused, set aside, tried again.
#include <charconv>
#include <utility>

#include "stream/internal/schema.h"
#include "stream/internal/store.h"
#include "stream/stream.h"

namespace matsuri::stream {
namespace {

std::int64_t number_of(Region region) { return static_cast<std::int64_t>(region); }
std::int64_t number_of(Node node) { return static_cast<std::int64_t>(node); }

// What to_hex() wrote. Anything else gives an empty key.
IdempotencyKey key_of(std::string_view hex) {
  IdempotencyKey key;
  if (hex.size() != key.bytes.size() * 2) return key;
  for (std::size_t index = 0; index < key.bytes.size(); ++index) {
    unsigned value = 0;
    std::from_chars(hex.data() + index * 2, hex.data() + index * 2 + 2, value, 16);
    key.bytes[index] = static_cast<std::byte>(value);
  }
  return key;
}

struct StoredQuarantine {
  RecordHeader header;
  std::string payload;
};

Result<StoredQuarantine> load_quarantined(sql::Connection& connection, std::string_view view,
                                          const Position& position) {
  std::optional<StoredQuarantine> found;
  const Origin& origin = position.origin;
  TRY(connection.query(
      "SELECT kind, record_id, unix_ms, account, idempotency_key, fingerprint, payload"
      " FROM quarantine WHERE view_name = ? AND incarnation = ? AND region = ? AND node = ?"
      " AND at_offset = ?",
      {view, origin.incarnation, number_of(origin.region), number_of(origin.node), position.offset},
      [&](const sql::Row& row) {
        found = StoredQuarantine{.header = {.id = row.id(1),
                                            .unix_ms = row.integer(2),
                                            .account = AccountId{row.id(3)},
                                            .key = key_of(row.text(4)),
                                            .fingerprint = row.id(5),
                                            .kind = static_cast<EventKind>(row.integer(0))},
                                 .payload = std::string(as_text(row.blob(6)))};
      }));
  if (!found)
    return Error(Code::not_found, "no record " + position.to_string() + " of view " +
                                      std::string(view) + " is in quarantine");
  return std::move(*found);
}

}  // namespace

Result<CommandStatus> command_status(sql::Connection& connection, std::string_view view,
                                     const Position& position) {
  const Origin& origin = position.origin;
  const auto where = {sql::Value(view), sql::Value(origin.incarnation),
                      sql::Value(number_of(origin.region)), sql::Value(number_of(origin.node)),
                      sql::Value(position.offset)};
  std::optional<CommandStatus> found;
  TRY(
      connection.query("SELECT account, code, reason FROM refusal WHERE view_name = ?"
                       " AND incarnation = ? AND region = ? AND node = ? AND at_offset = ?",
                       where, [&](const sql::Row& row) {
                         found = CommandStatus{.state = CommandState::refused,
                                               .account = AccountId{row.id(0)},
                                               .code = static_cast<Code>(row.integer(1)),
                                               .reason = std::string(row.text(2))};
                         if (row.integer(1) != 0) return;
                         found->state = CommandState::duplicate;
                         found->code = Code::invalid;
                       }));
  if (found) return *found;
  TRY(
      connection.query("SELECT account, reason FROM quarantine WHERE view_name = ?"
                       " AND incarnation = ? AND region = ? AND node = ? AND at_offset = ?",
                       where, [&](const sql::Row& row) {
                         found = CommandStatus{.state = CommandState::quarantined,
                                               .account = AccountId{row.id(0)},
                                               .reason = std::string(row.text(1))};
                       }));
  if (found) return *found;
  TRY_ASSIGN(const std::optional<std::uint64_t> applied,
             internal::stored_position(connection, view, origin));
  CommandStatus status;
  if (applied.value_or(0) >= position.offset) status.state = CommandState::applied;
  return status;
}

Result<std::vector<QuarantinedRecord>> list_quarantine(sql::Connection& connection) {
  std::vector<QuarantinedRecord> all;
  TRY(connection.query(
      "SELECT view_name, region, node, incarnation, at_offset, kind, reason, unix_ms"
      " FROM quarantine ORDER BY view_name, incarnation, region, node, at_offset",
      {}, [&](const sql::Row& row) {
        all.push_back({.view = std::string(row.text(0)),
                       .position = {.origin = {.region = static_cast<Region>(row.integer(1)),
                                               .node = static_cast<Node>(row.integer(2)),
                                               .incarnation = row.id(3)},
                                    .offset = row.id(4)},
                       .kind = static_cast<EventKind>(row.integer(5)),
                       .reason = std::string(row.text(6)),
                       .unix_ms = row.integer(7)});
      }));
  return all;
}

Result<void> requeue(Outbox& outbox, View& view, const Position& position) {
  std::optional<Position> fact;
  TRY(outbox.db().write_and_wait([&](sql::Connection& connection) -> Result<void> {
    TRY(internal::lock_outbox(connection));
    TRY_ASSIGN(StoredQuarantine stored, load_quarantined(connection, view.name(), position));
    TRY_ASSIGN(Event event, decode(stored.header.kind, as_bytes(stored.payload)));
    const Record record{.position = position, .header = stored.header, .event = std::move(event)};
    const std::span<const Record> records(&record, 1);
    BatchResult result(1);
    TRY(view.apply(connection, records, result));
    TRY_ASSIGN(fact, internal::store_result(connection, view.name(), outbox, records, result));
    TRY(connection.execute(
        "DELETE FROM quarantine WHERE view_name = ? AND incarnation = ?"
        " AND region = ? AND node = ? AND at_offset = ?",
        {view.name(), position.origin.incarnation, number_of(position.origin.region),
         number_of(position.origin.node), position.offset}));
    return {};
  }));
  if (fact) outbox.committed(*fact);
  return {};
}

}  // namespace matsuri::stream
