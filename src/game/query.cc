#include "game/query.h"

#include <algorithm>
#include <cstring>
#include <string>
#include <utility>

#include "base/bytes.h"
#include "game/schema_json.h"

namespace matsuri::game {
namespace {

Result<std::vector<SchemaRow>> read_schemas(sql::Connection& connection, std::string_view query,
                                            std::span<const sql::Value> parameters) {
  std::vector<SchemaRow> rows;
  Result<void> parsed;
  TRY(connection.query(query, parameters, [&](const sql::Row& row) {
    const TitleId title{row.id(0)};
    auto schema = parse_schema(as_text(row.blob(2)));
    if (schema.ok())
      rows.push_back({.title = title, .rev = row.id(1), .schema = std::move(*schema)});
    else
      parsed = Error(Code::corrupt,
                     "the schema of title " + title.to_string() + ": " + schema.error().message());
  }));
  TRY(std::move(parsed));
  return rows;
}

Result<std::vector<KeyRow>> read_keys(sql::Connection& connection, std::string_view where,
                                      std::span<const sql::Value> parameters) {
  std::vector<KeyRow> rows;
  Result<void> parsed;
  const std::string query =
      "SELECT id, title, kind, name, created_ms, secret_hash FROM title_key " + std::string(where) +
      " ORDER BY id";
  TRY(connection.query(query, parameters, [&](const sql::Row& row) {
    KeyRow found{.title = TitleId{row.id(1)},
                 .key = {.key = {.id = TitleKeyId{row.id(0)},
                                 .kind = static_cast<KeyKind>(row.integer(2)),
                                 .name = std::string(row.text(3)),
                                 .created_unix_ms = row.integer(4)}}};
    const Bytes hash = row.blob(5);
    if (hash.size() == sizeof(SecretHash))
      std::memcpy(found.key.secret_hash.data(), hash.data(), hash.size());
    else
      parsed = Error(Code::corrupt, "a title key of another size");
    rows.push_back(std::move(found));
  }));
  TRY(std::move(parsed));
  return rows;
}

}  // namespace

Result<std::vector<SchemaRow>> all_schemas(sql::Connection& connection) {
  return read_schemas(connection, "SELECT title, rev, body FROM game_schema", {});
}

Result<std::optional<SchemaRow>> schema_row(sql::Connection& connection, TitleId title) {
  const sql::Value parameters[] = {title.value};
  TRY_ASSIGN(auto rows,
             read_schemas(connection, "SELECT title, rev, body FROM game_schema WHERE title = ?",
                          parameters));
  if (rows.empty()) return std::optional<SchemaRow>();
  return std::optional(std::move(rows.front()));
}

Result<std::vector<KeyRow>> all_keys(sql::Connection& connection) {
  return read_keys(connection, "WHERE revoked_ms = 0", {});
}

Result<std::vector<TitleKey>> keys_of(sql::Connection& connection, TitleId title) {
  const sql::Value parameters[] = {title.value};
  TRY_ASSIGN(auto rows, read_keys(connection, "WHERE title = ? AND revoked_ms = 0", parameters));
  std::vector<TitleKey> keys;
  for (KeyRow& row : rows) keys.push_back(std::move(row.key.key));
  return keys;
}

}  // namespace matsuri::game
