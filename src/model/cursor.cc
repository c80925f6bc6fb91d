// Cursors are text only at the border; see cursor.h.
#include "model/cursor.h"

#include "model/ids.h"

namespace matsuri {

std::string Cursor::to_string() const { return std::to_string(moment) + "-" + std::to_string(id); }

std::optional<Cursor> parse_cursor(std::string_view text) {
  const std::size_t dash = text.find('-');
  if (dash == std::string_view::npos) return std::nullopt;
  const auto moment = parse_id(text.substr(0, dash));
  const auto id = parse_id(text.substr(dash + 1));
  if (!moment || !id) return std::nullopt;
  return Cursor{*moment, *id};
}

}  // namespace matsuri
