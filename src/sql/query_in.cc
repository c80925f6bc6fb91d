#include "sql/query_in.h"

#include <algorithm>
#include <string>
#include <vector>

namespace matsuri::sql {
namespace {

// Every statement has this many places, the last key repeated, so that one prepared text serves
// all.
constexpr std::size_t place_count = 256;

}  // namespace

Result<void> query_in(Connection& connection, const InQuery& query, const RowCallback& row) {
  std::string text(query.head);
  text += " IN (?";
  for (std::size_t place = 1; place < place_count; ++place) text += ",?";
  text += ')';
  text += query.tail;
  std::vector<Value> parameters;
  for (std::size_t first = 0; first < query.keys.size(); first += place_count) {
    const auto part = query.keys.subspan(first, std::min(place_count, query.keys.size() - first));
    parameters.assign(query.before.begin(), query.before.end());
    parameters.insert(parameters.end(), part.begin(), part.end());
    parameters.resize(query.before.size() + place_count, part.back());
    parameters.insert(parameters.end(), query.after.begin(), query.after.end());
    TRY(connection.query(text, parameters, row));
  }
  return {};
}

}  // namespace matsuri::sql
