#include "stream/internal/store.h"

#include <string>
#include <utility>
#include <vector>

#include "stream/internal/schema.h"

namespace matsuri::stream::internal {
namespace {

std::int64_t number_of(Region region) { return static_cast<std::int64_t>(region); }
std::int64_t number_of(Node node) { return static_cast<std::int64_t>(node); }

// A duplicate that its client can ask about is stored as a refusal of this code: without it, it
// would look like a command that was applied.
constexpr std::int64_t duplicate_code = 0;

// Rows of table refusal, gathered so that a batch full of them is one statement.
class Outcomes {
 public:
  explicit Outcomes(std::string_view view) : view_(view) {}

  // `reason` outlives store().
  void add(const Record& record, std::int64_t code, std::string_view reason) {
    const Origin& origin = record.position.origin;
    const sql::Value row[] = {view_,
                              number_of(origin.region),
                              number_of(origin.node),
                              origin.incarnation,
                              record.position.offset,
                              record.header.account.value,
                              record.header.id,
                              code,
                              reason,
                              record.header.unix_ms};
    values_.insert(values_.end(), std::begin(row), std::end(row));
  }
  Result<void> store(sql::Connection& connection) const {
    return connection.insert_rows(
        "INSERT INTO refusal (view_name, region, node, incarnation, at_offset, account,"
        " resource_id, code, reason, unix_ms)",
        "", 10, values_);
  }

 private:
  std::string_view view_;
  std::vector<sql::Value> values_;
};

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
                                             BatchResult& result) {
  Outcomes outcomes(view);
  for (std::size_t index = 0; index < records.size(); ++index)
    if (result.outcomes()[index] == Outcome::duplicate && records[index].header.key)
      outcomes.add(records[index], duplicate_code, "");
  std::vector<CommandRefused> refused;
  refused.reserve(result.refusals().size());  // the rows to be are views of the reasons
  for (const BatchResult::Refusal& refusal : result.refusals()) {
    const Record& record = records[refusal.index];
    refused.push_back({.account = record.header.account,
                       .position = record.position.to_string(),
                       .resource_id = record.header.id,
                       .code = refusal.code,
                       .reason = clean_text(refusal.reason, reason_size_max)});
    outcomes.add(record, static_cast<std::int64_t>(refusal.code), refused.back().reason);
  }
  TRY(outcomes.store(connection));
  std::vector<BatchResult::Fact> facts = result.take_facts();
  for (std::size_t index = 0; index < refused.size(); ++index) {
    if (!refused[index].account) continue;  // The system asked: nobody is to be told.
    const RecordHeader& header = records[result.refusals()[index].index].header;
    facts.push_back(
        {.event = std::move(refused[index]), .unix_ms = header.unix_ms, .account = header.account});
  }
  if (facts.empty()) return std::optional<Position>();
  TRY_ASSIGN(const Position position, outbox.put(connection, facts));
  result.put_back(std::move(facts));
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
