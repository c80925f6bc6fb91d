// Reading the rows of many keys with few round trips, through statements that are prepared once.
#pragma once

#include <initializer_list>
#include <span>
#include <string_view>

#include "base/result.h"
#include "sql/db.h"

namespace matsuri::sql {

// Calls `row` for each row of `head` IN (keys) `tail`; `more` are the parameters of `tail`. A long
// list takes several queries, so an order in `tail` holds only within each.
Result<void> query_in(Connection& connection, std::string_view head, std::string_view tail,
                      std::span<const Value> keys, std::initializer_list<Value> more,
                      const RowCallback& row);

// The same for keys of several columns, which begin an index: `head` ends with WHERE or AND, and
// `tuples` has the values of one key one behind the other.
Result<void> query_tuples(Connection& connection, std::string_view head,
                          std::initializer_list<std::string_view> columns,
                          std::span<const Value> tuples, const RowCallback& row);

}  // namespace matsuri::sql
