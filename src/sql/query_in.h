// Many keys in few statements.
#pragma once

#include <span>
#include <string_view>

#include "base/result.h"
#include "sql/db.h"

namespace matsuri::sql {

// SELECT … WHERE column IN (keys) …, for any number of keys.
struct InQuery {
  std::string_view head;               // up to the column: "SELECT a FROM t WHERE b = ? AND c"
  std::span<const Value> before = {};  // for the places in `head`
  std::span<const Value> keys;
  std::string_view tail = {};         // what follows: " AND d >= ?"
  std::span<const Value> after = {};  // for the places in `tail`
};

// Calls `row` for each row, in no order across statements: each asks for some hundred keys. A key
// that stands twice may give its rows twice.
Result<void> query_in(Connection& connection, const InQuery& query, const RowCallback& row);

}  // namespace matsuri::sql
