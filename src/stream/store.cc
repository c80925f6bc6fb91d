#include "stream/internal/store.h"

#include <string>
#include <utility>
#include <vector>

#include "stream/internal/schema.h"

namespace matsuri::stream::internal {
namespace {

std::int64_t number_of(Region region) { return static_cast<std::int64_t>(region); }
std::int64_t number_of(Node node) { return static_cast<std::int64_t>(node); }

// A duplicate that its client can ask about is stored as a refusal of this code: without it, it would
// look like a command that was applied.
constexpr std::int64_t duplicate_code = 0;

Result<void> store_outcome(sql::Connection& connection, std::string_view view,
                           const Record& record, std::int64_t code, std::string_view reason) {
  const Origin& origin = record.position.origin;
  TRY(connection.execute(
      "INSERT INTO refusal (view_name, region, node, incarnation, at_offset, account, resource_id,"
      " code, reason, unix_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
      {view, number_of(origin.region), number_of(origin.node), origin.incarnation,
       record.position.offset, record.header.account.value, record.header.id, code, reason,
       record.header.unix_ms}));
  return {};
}

}  // namespace

Result<bool> move_position(sql::Connection& connection, std::string_view view, const Origin& origin,
                           std::optional<std::uint64_t> from, std::uint64_t to) {
  if (from) {
    TRY_ASSIGN(const std::uint64_t matched,
               connection.execute("UPDATE view_position SET at_offset = ? WHERE view_name = ?"
                                  " AND incarnation = ? AND region = ? AND node = ?"
                                  " AND at_offset = ?",
                                  {to, view, origin.incarnation, number_of(origin.region),
                                   number_of(origin.node), *from}));
    return matched == 1;
  }
  const auto inserted = connection.execute(
      "INSERT INTO view_position (view_name, region, node, incarnation, at_offset)"
      " VALUES (?, ?, ?, ?, ?)",
      {view, number_of(origin.region), number_of(origin.node), origin.incarnation, to});
  if (!inserted.ok() && inserted.error().code() == Code::conflict) return false;
  TRY(inserted);
  return true;
}

Result<std::optional<Position>> store_result(sql::Connection& connection, std::string_view view,
                                             Outbox& outbox, std::span<const Record> records,
                                             const BatchResult& result) {
  for (std::size_t index = 0; index < records.size(); ++index)
    if (result.outcomes()[index] == Outcome::duplicate && records[index].header.key)
      TRY(store_outcome(connection, view, records[index], duplicate_code, ""));
  std::vector<BatchResult::Fact> facts = result.facts();
  for (const BatchResult::Refusal& refusal : result.refusals()) {
    const Record& record = records[refusal.index];
    std::string reason = clean_text(refusal.reason, reason_size_max);
    TRY(store_outcome(connection, view, record, static_cast<std::int64_t>(refusal.code), reason));
    if (!record.header.account) continue;  // The system asked: nobody is to be told.
    facts.push_back({.event = CommandRefused{.account = record.header.account,
                                             .position = record.position.to_string(),
                                             .resource_id = record.header.id,
                                             .code = refusal.code,
                                             .reason = std::move(reason)},
                     .unix_ms = record.header.unix_ms,
                     .account = record.header.account});
  }
  if (facts.empty()) return std::optional<Position>();
  TRY_ASSIGN(const Position position, outbox.put(connection, facts));
  return std::optional<Position>(position);
}

Result<void> store_quarantine(sql::Connection& connection, std::string_view view,
                              const Origin& origin, const journal::StoredRecord& record,
                              std::string_view reason) {
  const RecordHeader& header = record.header;
  TRY(connection.execute(
      "INSERT INTO quarantine (view_name, region, node, incarnation, at_offset, kind, record_id,"
      " unix_ms, account, idempotency_key, fingerprint, payload, reason)"
      " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
      {view, number_of(origin.region), number_of(origin.node), origin.incarnation, record.offset,
       static_cast<std::int64_t>(header.kind), header.id, header.unix_ms, header.account.value,
       to_hex(Bytes(header.key.bytes)), header.fingerprint, record.payload,
       clean_text(reason, reason_size_max)}));
  return {};
}

}  // namespace matsuri::stream::internal
