// Statements with an IN list.
#pragma once

#include <algorithm>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "sql/db.h"

namespace matsuri::timeline::internal {

// A list has this many places, the last value repeated, so that one prepared text serves every
// batch.
inline constexpr std::size_t list_count = 256;

// Calls `row` for each row of `head` IN (values) `tail`; each value is in one list only.
inline Result<void> query_in(sql::Connection& connection, std::string_view head,
                             std::string_view tail, std::span<const sql::Value> values,
                             std::initializer_list<sql::Value> more, const sql::RowCallback& row,
                             std::size_t place_count = list_count) {
  if (values.empty()) return {};
  std::string text(head);
  text += " IN (?";
  for (std::size_t place = 1; place < place_count; ++place) text += ",?";
  text += ')';
  text += tail;
  std::vector<sql::Value> parameters;
  for (std::size_t first = 0; first < values.size(); first += place_count) {
    const auto part = values.subspan(first, std::min(place_count, values.size() - first));
    parameters.assign(part.begin(), part.end());
    parameters.resize(place_count, part.back());
    parameters.insert(parameters.end(), more.begin(), more.end());
    TRY(connection.query(text, parameters, row));
  }
  return {};
}

}  // namespace matsuri::timeline::internal
