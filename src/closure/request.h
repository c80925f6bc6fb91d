// What a viewer posts, read from JSON. A closure is one static file that starts for each request
// where it runs as CGI, so it reads this one form by itself: a flat object of short strings and
// whole numbers, of which every other JSON is refused.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.h"
#include "closure/admit.h"

namespace matsuri::closure {

inline constexpr std::size_t body_size_max = 2048;

// An attempt with the bytes that it points to.
struct ParsedAttempt {
  std::string ticket;
  std::string descriptor;  // bytes, not base64url
  Path path = Path::terrestrial;
  std::int64_t dt_ms = 0;
  std::int64_t rtt_ms = 0;

  Attempt view() const {
    return {.ticket = ticket,
            .path = path,
            .dt_ms = dt_ms,
            .rtt_ms = rtt_ms,
            .descriptor = as_bytes(descriptor)};
  }
};

// {"ticket":"…","path":"terrestrial","dt_ms":1500,"rtt_ms":40,"descriptor":"…"}, in any order and
// with white space. Code::invalid for a member that is missing, unknown, there twice or of another
// kind, for escapes in strings, and for a path that we do not know.
Result<ParsedAttempt> parse_attempt(std::string_view body);

}  // namespace matsuri::closure
