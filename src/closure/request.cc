#include "closure/request.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <optional>
#include <span>

#include "base/sentence.h"
#include "model/base64url.h"

namespace matsuri::closure {
namespace {

// One member's value.
struct Value {
  std::optional<std::string_view> text;
  std::int64_t number = 0;  // where it is no text
};
constexpr std::string_view names[] = {"ticket", "path", "dt_ms", "rtt_ms", "descriptor"};
// By the place of their names.
using Members = std::array<std::optional<Value>, std::size(names)>;

// Reads a flat object of strings without escapes and of whole numbers.
class Reader {
 public:
  explicit Reader(std::string_view text) : rest_(text) {}

  Result<Members> read() {
    Members members;
    if (!take('{')) return wrong();
    for (bool is_first = true; !take('}'); is_first = false) {
      if (!is_first && !take(',')) return wrong();
      TRY_ASSIGN(const std::string_view name, string());
      if (!take(':')) return wrong();
      TRY_ASSIGN(const Value member, value());
      const auto place = static_cast<std::size_t>(std::ranges::find(names, name) - names);
      if (place == members.size())
        return Error(Code::invalid, "the body has a member that is not known here");
      if (members[place]) return Error(Code::invalid, sentence(name, ": is there twice"));
      members[place] = member;
    }
    skip_space();
    if (!rest_.empty()) return wrong();
    return members;
  }

 private:
  static Error wrong() {
    return {Code::invalid, "the body is not a JSON object of plain strings and whole numbers"};
  }

  void skip_space() {
    rest_.remove_prefix(std::min(rest_.find_first_not_of(" \t\r\n"), rest_.size()));
  }

  bool take(char c) {
    skip_space();
    if (!rest_.starts_with(c)) return false;
    rest_.remove_prefix(1);
    return true;
  }

  // Printable ASCII: all that these strings are made of.
  Result<std::string_view> string() {
    if (!take('"')) return wrong();
    for (std::size_t i = 0; i < rest_.size(); ++i) {
      const char c = rest_[i];
      if (c == '"') {
        const std::string_view text = rest_.substr(0, i);
        rest_.remove_prefix(i + 1);
        return text;
      }
      if (c < ' ' || c > '~' || c == '\\') return wrong();
    }
    return wrong();
  }

  Result<Value> value() {
    skip_space();
    if (rest_.starts_with('"')) {
      TRY_ASSIGN(const std::string_view text, string());
      return Value{.text = text};
    }
    Value value;
    const char* const begin = rest_.data();
    const auto [end, fault] = std::from_chars(begin, begin + rest_.size(), value.number);
    const std::string_view digits(begin, static_cast<std::size_t>(end - begin));
    const std::string_view size = digits.substr(digits.starts_with('-') ? 1 : 0);
    if (fault != std::errc() || (size.size() > 1 && size.front() == '0')) return wrong();
    rest_.remove_prefix(digits.size());
    return value;
  }

  std::string_view rest_;
};

Result<Value> member_of(const Members& members, std::string_view name) {
  const std::optional<Value>& found =
      members[static_cast<std::size_t>(std::ranges::find(names, name) - names)];
  if (!found) return Error(Code::invalid, sentence(name, ": is missing"));
  return *found;
}

Result<std::string_view> text_of(const Members& members, std::string_view name) {
  TRY_ASSIGN(const Value value, member_of(members, name));
  if (!value.text) return Error(Code::invalid, sentence(name, ": expected a string"));
  return *value.text;
}

Result<std::int64_t> number_of(const Members& members, std::string_view name) {
  TRY_ASSIGN(const Value value, member_of(members, name));
  if (value.text) return Error(Code::invalid, sentence(name, ": expected a whole number"));
  return value.number;
}

}  // namespace

Result<ParsedAttempt> parse_attempt(std::string_view body) {
  TRY_ASSIGN(const Members members, Reader(body).read());
  ParsedAttempt attempt;
  TRY_ASSIGN(attempt.ticket, text_of(members, "ticket"));
  TRY_ASSIGN(const std::string_view path_name, text_of(members, "path"));
  const auto path = parse_path(path_name);
  if (!path) return Error(Code::invalid, "path: terrestrial, cable or stream are known");
  attempt.path = *path;
  TRY_ASSIGN(attempt.dt_ms, number_of(members, "dt_ms"));
  TRY_ASSIGN(attempt.rtt_ms, number_of(members, "rtt_ms"));
  TRY_ASSIGN(const std::string_view descriptor, text_of(members, "descriptor"));
  attempt.descriptor.resize(descriptor.size() * 3 / 4);
  if (!from_base64url(descriptor, std::as_writable_bytes(std::span(attempt.descriptor))))
    return Error(Code::invalid, "descriptor: is not base64url without padding");
  return attempt;
}

}  // namespace matsuri::closure
