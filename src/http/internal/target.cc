#include "http/internal/target.h"

#include <algorithm>

#include "text/unicode.h"

namespace matsuri::http {
namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool is_alnum(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool starts_with_any_case(std::string_view text, std::string_view lower) {
  if (text.size() < lower.size()) return false;
  for (std::size_t i = 0; i < lower.size(); ++i) {
    const char c = text[i] >= 'A' && text[i] <= 'Z' ? static_cast<char>(text[i] + 32) : text[i];
    if (c != lower[i]) return false;
  }
  return true;
}

bool has_dot_segment(std::string_view path) {
  std::size_t start = 1;
  while (start <= path.size()) {
    const std::size_t end = std::min(path.find('/', start), path.size());
    const std::string_view segment = path.substr(start, end - start);
    if (segment == "." || segment == "..") return true;
    start = end + 1;
  }
  return false;
}

// Most targets are plain: then the path is the text itself, and there is nothing to check.
bool is_plain_path(std::string_view raw) {
  return std::all_of(raw.begin(), raw.end(), [](char c) {
    return is_alnum(c) || c == '/' || c == '-' || c == '_' || c == '~' || c == '@' || c == ':';
  });
}

Result<std::string> decode_path(std::string_view raw) {
  if (is_plain_path(raw)) return std::string(raw);
  auto decoded = decode_percent(raw, Plus::is_plus);
  if (!decoded) return Error(Code::invalid, "the path is not percent-encoded");
  if (std::count(decoded->begin(), decoded->end(), '/') != std::count(raw.begin(), raw.end(), '/'))
    return Error(Code::invalid, "the path has an encoded slash");
  for (const char c : *decoded) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f)
      return Error(Code::invalid, "the path has a control character");
  }
  if (!text::is_utf8(*decoded)) return Error(Code::invalid, "the path is not UTF-8");
  if (has_dot_segment(*decoded)) return Error(Code::invalid, "the path has dot segments");
  return std::move(*decoded);
}

}  // namespace

std::optional<std::string> decode_percent(std::string_view text, Plus plus) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%') {
      if (i + 2 >= text.size()) return std::nullopt;
      const int high = hex_digit(text[i + 1]);
      const int low = hex_digit(text[i + 2]);
      if (high < 0 || low < 0) return std::nullopt;
      out += static_cast<char>(high * 16 + low);
      i += 2;
    } else {
      out += text[i] == '+' && plus == Plus::is_space ? ' ' : text[i];
    }
  }
  return out;
}

Result<Target> parse_target(std::string_view raw) {
  Target target;
  if (raw == "*") {
    target.path = "*";
    return target;
  }
  if (raw.find('#') != std::string_view::npos)
    return Error(Code::invalid, "the request target has a fragment");
  if (!raw.starts_with('/')) {
    std::size_t scheme_size = 0;
    if (starts_with_any_case(raw, "http://")) scheme_size = 7;
    if (starts_with_any_case(raw, "https://")) scheme_size = 8;
    if (scheme_size == 0) return Error(Code::invalid, "the request target is not a path");
    raw.remove_prefix(scheme_size);
    target.authority = raw.substr(0, raw.find_first_of("/?"));
    if (target.authority.empty() || !is_host(target.authority))
      return Error(Code::invalid, "the request target names no valid host");
    raw.remove_prefix(target.authority.size());
  }
  const std::size_t mark = raw.find('?');
  if (mark != std::string_view::npos) target.query = raw.substr(mark + 1);
  const std::string_view path = raw.substr(0, mark);
  TRY_ASSIGN(target.path, decode_path(path.empty() ? "/" : path));
  return target;
}

bool is_host(std::string_view host) {
  std::size_t i = 0;
  if (host.starts_with('[')) {
    const std::size_t end = host.find(']');
    if (end == std::string_view::npos || end < 3) return false;
    for (i = 1; i < end; ++i)
      if (hex_digit(host[i]) < 0 && host[i] != ':' && host[i] != '.') return false;
    i = end + 1;
  } else {
    static constexpr std::string_view others = "-._~!$&'()*+,;=%";
    while (i < host.size() && (is_alnum(host[i]) || others.find(host[i]) != others.npos)) ++i;
  }
  if (i == host.size()) return true;
  if (host[i] != ':' || host.size() - i > 6) return false;
  return std::all_of(host.begin() + static_cast<std::ptrdiff_t>(i) + 1, host.end(),
                     [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace matsuri::http
