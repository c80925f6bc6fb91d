#include "stream/internal/schema.h"

#include <algorithm>

#include "stream/outbox.h"

namespace matsuri::stream {
namespace {

// `offset`, `key` and `view` are words of MariaDB's own, hence at_offset, job_key and view_name.
constexpr sql::Migration migration_list[] = {
    {1,
     "CREATE TABLE stream_origin (slot {ID} NOT NULL PRIMARY KEY, incarnation {ID} NOT NULL)"
     " {TABLE_OPTIONS};\n"
     "CREATE TABLE stream_counter (name {TEXT(32)} NOT NULL PRIMARY KEY, amount {ID} NOT NULL)"
     " {TABLE_OPTIONS};\n"
     "INSERT INTO stream_counter (name, amount) VALUES ('job', 0), ('outbox', 0);\n"
     "CREATE TABLE outbox (at_offset {ID} NOT NULL PRIMARY KEY, kind {ID} NOT NULL,"
     " unix_ms {ID} NOT NULL, account {ID} NOT NULL, subject_id {ID} NOT NULL,"
     " payload {BLOB} NOT NULL) {TABLE_OPTIONS};\n"
     "CREATE TABLE view_position (view_name {TEXT(64)} NOT NULL, region {ID} NOT NULL,"
     " node {ID} NOT NULL, incarnation {ID} NOT NULL, at_offset {ID} NOT NULL,"
     " PRIMARY KEY (view_name, incarnation, region, node)) {TABLE_OPTIONS};\n"
     "CREATE TABLE refusal (view_name {TEXT(64)} NOT NULL, region {ID} NOT NULL,"
     " node {ID} NOT NULL, incarnation {ID} NOT NULL, at_offset {ID} NOT NULL,"
     " account {ID} NOT NULL, resource_id {ID} NOT NULL, code {ID} NOT NULL,"
     " reason {TEXT(500)} NOT NULL, unix_ms {ID} NOT NULL,"
     " PRIMARY KEY (view_name, incarnation, region, node, at_offset)) {TABLE_OPTIONS};\n"
     "CREATE TABLE quarantine (view_name {TEXT(64)} NOT NULL, region {ID} NOT NULL,"
     " node {ID} NOT NULL, incarnation {ID} NOT NULL, at_offset {ID} NOT NULL,"
     " kind {ID} NOT NULL, record_id {ID} NOT NULL, unix_ms {ID} NOT NULL,"
     " account {ID} NOT NULL, idempotency_key {TEXT(32)} NOT NULL, fingerprint {ID} NOT NULL,"
     " payload {BLOB} NOT NULL, reason {TEXT(500)} NOT NULL,"
     " PRIMARY KEY (view_name, incarnation, region, node, at_offset)) {TABLE_OPTIONS};\n"
     "CREATE TABLE job (kind {TEXT(64)} NOT NULL, job_key {TEXT(128)} NOT NULL,"
     " id {ID} NOT NULL, payload {BLOB} NOT NULL, again_payload {BLOB},"
     " run_unix_ms {ID} NOT NULL, attempt {ID} NOT NULL, lease_token {ID} NOT NULL,"
     " lease_unix_ms {ID} NOT NULL, PRIMARY KEY (kind, job_key)) {TABLE_OPTIONS};\n"
     "CREATE INDEX job_by_time ON job (run_unix_ms);\n"
     "CREATE INDEX job_by_id ON job (id);\n"
     "CREATE TABLE dead_job (id {ID} NOT NULL PRIMARY KEY, kind {TEXT(64)} NOT NULL,"
     " job_key {TEXT(128)} NOT NULL, payload {BLOB} NOT NULL, attempt {ID} NOT NULL,"
     " reason {TEXT(500)} NOT NULL, unix_ms {ID} NOT NULL) {TABLE_OPTIONS}"},
};

// The bytes of the character that starts at text[index]; 0 where it is no valid UTF-8.
std::size_t character_size(std::string_view text, std::size_t index) {
  const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(text[at]); };
  const unsigned char first = byte(index);
  if (first < 0x80) return 1;
  const std::size_t size = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4 || index + size > text.size()) return 0;
  for (std::size_t at = index + 1; at < index + size; ++at)
    if ((byte(at) & 0xc0) != 0x80) return 0;
  const unsigned char second = byte(index + 1);
  const bool overlong = (first == 0xe0 && second < 0xa0) || (first == 0xf0 && second < 0x90);
  const bool no_character = (first == 0xed && second > 0x9f) || (first == 0xf4 && second > 0x8f);
  return overlong || no_character ? 0 : size;
}

}  // namespace

std::span<const sql::Migration> migrations() { return migration_list; }

namespace internal {

std::string clean_text(std::string_view text, std::size_t size_max) {
  std::string out;
  for (std::size_t index = 0; index < text.size();) {
    const std::size_t size = character_size(text, index);
    if (out.size() + std::max<std::size_t>(size, 1) > size_max) break;
    if (size == 0)
      out += '?';
    else
      out.append(text, index, size);
    index += std::max<std::size_t>(size, 1);
  }
  return out;
}

Result<std::optional<std::uint64_t>> stored_position(sql::Connection& connection,
                                                     std::string_view view, const Origin& origin) {
  std::optional<std::uint64_t> offset;
  TRY(
      connection.query("SELECT at_offset FROM view_position"
                       " WHERE view_name = ? AND incarnation = ? AND region = ? AND node = ?",
                       {view, origin.incarnation, static_cast<std::int64_t>(origin.region),
                        static_cast<std::int64_t>(origin.node)},
                       [&](const sql::Row& row) { offset = row.id(0); }));
  return offset;
}

Result<std::uint64_t> advance_counter(sql::Connection& connection, std::string_view name,
                                      std::uint64_t amount) {
  TRY_ASSIGN(const std::uint64_t matched,
             connection.execute("UPDATE stream_counter SET amount = amount + ? WHERE name = ?",
                                {amount, name}));
  TRY_ASSIGN(const std::optional<std::int64_t> value,
             connection.integer("SELECT amount FROM stream_counter WHERE name = ?", {name}));
  if (matched != 1 || !value)
    return Error(Code::corrupt, "stream_counter has no row " + std::string(name));
  return static_cast<std::uint64_t>(*value);
}

Result<void> lock_outbox(sql::Connection& connection) {
  if (connection.engine() == sql::Engine::sqlite) return {};
  TRY(connection.execute("UPDATE stream_counter SET amount = amount WHERE name = 'outbox'"));
  return {};
}

}  // namespace internal
}  // namespace matsuri::stream
