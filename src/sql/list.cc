#include "sql/list.h"

#include <algorithm>
#include <string>
#include <vector>

#include "base/assert.h"

namespace matsuri::sql {
namespace {

// Statements with a list have one of three lengths, so that few prepared texts serve every batch.
constexpr std::size_t list_count = 256;
constexpr std::size_t short_list_count = 64;

std::size_t places_for(std::size_t count) {
  if (count == 1) return 1;
  return count <= short_list_count ? short_list_count : list_count;
}

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

Result<void> query_tuples(Connection& connection, std::string_view head,
                          std::initializer_list<std::string_view> columns,
                          std::span<const Value> tuples, const RowCallback& row) {
  const std::size_t width = columns.size();
  MATSURI_ASSERT(width > 0 && tuples.size() % width == 0, "a value for each column");
  // Row values would be shorter, but SQLite looks through the whole table for a list of them; a
  // table of VALUES, too, but MariaDB guesses the type of its parameters, and large ids then meet
  // others that are near.
  std::string one = "(";
  for (const std::string_view column : columns)
    one.append(one.size() > 1 ? " AND " : "").append(column).append(" = ?");
  one += ')';
  std::vector<Value> parameters;
  for (std::size_t first = 0; first < tuples.size(); first += width * list_count) {
    const auto part = tuples.subspan(first, std::min(width * list_count, tuples.size() - first));
    const std::size_t places = places_for(part.size() / width);
    std::string text(head);
    text += " (" + one;
    for (std::size_t place = 1; place < places; ++place) text += " OR " + one;
    text += ')';
    parameters.assign(part.begin(), part.end());
    while (parameters.size() < width * places)
      parameters.insert(parameters.end(), part.end() - static_cast<std::ptrdiff_t>(width),
                        part.end());
    TRY(connection.query(text, parameters, row));
  }
  return {};
}

}  // namespace matsuri::sql
