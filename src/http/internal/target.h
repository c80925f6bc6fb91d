// The request target of HTTP/1.1 (RFC 9112, 3.2), taken apart. Pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace matsuri::http {

enum class Plus : std::uint8_t { is_plus, is_space };  // the latter in queries of HTML forms

// nullopt where a % is not followed by two hexadecimal digits.
std::optional<std::string> decode_percent(std::string_view text, Plus plus);

struct Target {
  std::string path;            // decoded; "*" for OPTIONS *
  std::string query;           // raw, without '?'
  std::string_view authority;  // of an absolute target, as it came; else empty
};

// Takes origin-form ("/a/b?c"), absolute-form ("http://host/a") and asterisk-form ("*").
//
// Code::invalid for everything else, and for what is a trick more often than a name: an encoded
// slash or control character, dot segments (browsers resolve them before they ask), a fragment,
// user information, a path that is not UTF-8.
Result<Target> parse_target(std::string_view raw);

// Is it formed like a Host header: a name or an address, and perhaps a port?
bool is_host(std::string_view host);

}  // namespace matsuri::http
