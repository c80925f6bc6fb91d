#include "sql/list.h"

#include <algorithm>
#include <string>
#include <vector>

#include "base/assert.h"

namespace matsuri::sql {
namespace {

// Statements with a list have this many places, so that one prepared text serves every batch; a
// single key has a text of its own.
constexpr std::size_t list_count = 256;

std::size_t places_for(std::size_t count) { return count == 1 ? 1 : list_count; }

}  // namespace

Result<void> query_in(Connection& connection, std::string_view head, std::string_view tail,
                      std::span<const Value> keys, std::initializer_list<Value> more,
                      const RowCallback& row) {
  std::vector<Value> parameters;
  for (std::size_t first = 0; first < keys.size(); first += list_count) {
    const auto part = keys.subspan(first, std::min(list_count, keys.size() - first));
    const std::size_t places = places_for(part.size());
    std::string text(head);
    text += " IN (?";
    for (std::size_t place = 1; place < places; ++place) text += ",?";
    text += ')';
    text += tail;
    parameters.assign(part.begin(), part.end());
    parameters.resize(places, part.back());  // an IN list may name a key again
    parameters.insert(parameters.end(), more.begin(), more.end());
    TRY(connection.query(text, parameters, row));
  }
  return {};
}

Result<void> query_pairs(Connection& connection, std::string_view head,
                         std::span<const Value> pairs, const RowCallback& row) {
  MATSURI_ASSERT(pairs.size() % 2 == 0, "a pair has two values");
  std::vector<Value> parameters;
  for (std::size_t first = 0; first < pairs.size(); first += 2 * list_count) {
    const auto part = pairs.subspan(first, std::min(2 * list_count, pairs.size() - first));
    const std::size_t places = places_for(part.size() / 2);
    // MariaDB has to be told the type, or takes the values for text.
    std::string text = "WITH wanted (a, b) AS (VALUES (CAST(? AS INTEGER),CAST(? AS INTEGER))";
    for (std::size_t place = 1; place < places; ++place) text += ",(?,?)";
    text += ") ";
    text += head;
    parameters.assign(part.begin(), part.end());
    // No id is 0, so what fills the list up finds nothing.
    parameters.resize(2 * places, std::int64_t{0});
    TRY(connection.query(text, parameters, row));
  }
  return {};
}

}  // namespace matsuri::sql
