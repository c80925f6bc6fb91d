// Reads of main's tables of schemas and keys, inside somebody's transaction.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/result.h"
#include "game/directory.h"
#include "game/model.h"
#include "sql/db.h"

namespace matsuri::game {

struct SchemaRow {
  TitleId title;
  std::uint64_t rev = 0;
  TitleSchema schema;
};
struct KeyRow {
  TitleId title;
  KeptKey key;
};

Result<std::vector<SchemaRow>> all_schemas(sql::Connection& connection);
Result<std::optional<SchemaRow>> schema_row(sql::Connection& connection, TitleId title);
// Those that are not revoked, the oldest first.
Result<std::vector<KeyRow>> all_keys(sql::Connection& connection);
Result<std::vector<TitleKey>> keys_of(sql::Connection& connection, TitleId title);

}  // namespace matsuri::game
