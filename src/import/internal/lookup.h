// Many keys in few statements.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "sql/db.h"

namespace matsuri::imports::internal {

// Calls `row` for each row of `head` "IN (keys)", some hundred keys a statement. `head` may have
// places for `before`, which stand in front of the keys.
Result<void> query_in(sql::Connection& connection, std::string_view head,
                      std::span<const sql::Value> before, std::span<const sql::Value> keys,
                      const sql::RowCallback& row);

}  // namespace matsuri::imports::internal
