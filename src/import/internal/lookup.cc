#include "import/internal/lookup.h"

#include <algorithm>
#include <string>

namespace matsuri::imports::internal {
namespace {

// Every statement has this many places, the last key repeated, so that one prepared text serves
// all.
constexpr std::size_t place_count = 256;

}  // namespace

Result<void> query_in(sql::Connection& connection, std::string_view head,
                      std::span<const sql::Value> before, std::span<const sql::Value> keys,
                      const sql::RowCallback& row) {
  std::string text(head);
  text += " IN (?";
  for (std::size_t place = 1; place < place_count; ++place) text += ",?";
  text += ')';
  std::vector<sql::Value> parameters;
  for (std::size_t first = 0; first < keys.size(); first += place_count) {
    const auto part = keys.subspan(first, std::min(place_count, keys.size() - first));
    parameters.assign(before.begin(), before.end());
    parameters.insert(parameters.end(), part.begin(), part.end());
    parameters.resize(before.size() + place_count, part.back());
    TRY(connection.query(text, parameters, row));
  }
  return {};
}

}  // namespace matsuri::imports::internal
