// Times as people and JSON write them: RFC 3339 in UTC, with milliseconds.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace matsuri {

// "2026-11-21T22:30:00.123Z". REQUIRES: a year of 0000 to 9999.
std::string to_rfc3339(std::int64_t unix_ms);

// Milliseconds since 1970 of an RFC 3339 date-time with any offset and any number of fraction
// digits (cut to milliseconds); nullopt for all else. A leap second
// is refused: Unix time has no place for it.
std::optional<std::int64_t> parse_rfc3339(std::string_view text);

}  // namespace matsuri
