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

// The same for keys of two columns, which begin an index: `head` ends with WHERE or AND, and
// `pairs` has the values of one pair one behind the other.
struct PairColumns {
  std::string_view first;
  std::string_view second;
};
Result<void> query_pairs(Connection& connection, std::string_view head, const PairColumns& columns,
                         std::span<const Value> pairs, const RowCallback& row);

// The same for keys of any number of columns.
Result<void> query_tuples(Connection& connection, std::string_view head,
                          std::span<const std::string_view> columns, std::span<const Value> tuples,
                          const RowCallback& row);

}  // namespace matsuri::sql
