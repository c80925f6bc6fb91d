// Where a page of a list goes on whose things can be of the same moment: imported follows and
// empathies of one millisecond are, and a cursor of the moment alone would skip the rest of them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace matsuri {

// Behind the thing `id` among those of `moment`; the newest come first, then the larger ids.
struct Cursor {
  // Before everything: ids and revisions are below 2^63.
  std::uint64_t moment = (std::uint64_t{1} << 63) - 1;
  std::uint64_t id = moment;

  bool operator==(const Cursor&) const = default;

  // "moment-id", as the API's `next` carries it.
  std::string to_string() const;
};

// Reads what to_string() gives, both as parse_id() takes them; nullopt for all else.
std::optional<Cursor> parse_cursor(std::string_view text);

}  // namespace matsuri
