#include "text/clean.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <optional>
#include <utility>
#include <vector>

#include "text/unicode.h"

namespace matsuri::text {
namespace {

enum class Form { line, text };

constexpr std::size_t language_size_max = 35;
constexpr std::size_t cut_share_min = 4;

Error invalid(std::string message) { return {Code::invalid, std::move(message)}; }

std::string hex_of(char32_t point) {
  std::array<char, 16> buffer;
  const int size =
      std::snprintf(buffer.data(), buffer.size(), "U+%04X", static_cast<unsigned>(point));
  return {buffer.data(), static_cast<std::size_t>(size)};
}

// The last code point of a text that is valid UTF-8 and not empty.
Point last_point(std::string_view text) {
  std::size_t offset = text.size() - 1;
  while (offset > 0 && (static_cast<unsigned char>(text[offset]) & 0xC0) == 0x80) --offset;
  return point_at(text, offset);
}

std::string_view trim_end(std::string_view text) {
  while (!text.empty()) {
    const Point point = last_point(text);
    if (!is_space(point.value)) break;
    text.remove_suffix(point.size);
  }
  return text;
}

// White space that carries a combining mark is one character with it, and stays.
std::string_view trim(std::string_view text) {
  text = trim_end(text);
  while (!text.empty()) {
    const Point point = point_at(text, 0);
    const bool alone = text.starts_with("\r\n") || grapheme_end(text, 0) == point.size;
    if (!is_space(point.value) || !alone) break;
    text.remove_prefix(point.size);
  }
  return text;
}

std::string with_plain_breaks(std::string_view text) {
  std::string result;
  result.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\r' && i + 1 < text.size() && text[i + 1] == '\n') continue;
    result += text[i];
  }
  return result;
}

std::optional<Error> fault_of(std::string_view text, Form form) {
  bool seen = false;
  for (std::size_t offset = 0; offset < text.size();) {
    const Point point = point_at(text, offset);
    offset += point.size;
    const char32_t c = point.value;
    if (c > ' ' && c < 0x7F) {
      seen = true;
      continue;
    }
    if (is_control(c) && !(c == '\n' && form == Form::text)) {
      return invalid("has a control character (" + hex_of(c) + ")");
    }
    if (is_noncharacter(c)) return invalid("has a noncharacter (" + hex_of(c) + ")");
    if (form == Form::line && (c == 0x2028 || c == 0x2029)) {
      return invalid("has a line separator (" + hex_of(c) + ")");
    }
    if (form == Form::line && is_direction_mark(c)) {
      return invalid("has a mark that turns the direction of writing (" + hex_of(c) + ")");
    }
    seen = seen || !is_inkless(c);
  }
  if (!seen && !text.empty()) return invalid("has nothing to see in it");
  return std::nullopt;
}

Result<std::string> clean(std::string_view input, const Limits& limits, Form form) {
  if (input.size() / 4 > limits.size_max) {
    return invalid("is much too long: at most " + std::to_string(limits.points_max) +
                   " code points are taken");
  }
  if (!is_utf8(input)) return invalid("is not UTF-8");

  std::string text;
  if (form == Form::text && input.find('\r') != std::string_view::npos) {
    text = with_plain_breaks(input);
    input = text;
  }
  input = trim(input);
  if (auto fault = fault_of(input, form)) return *std::move(fault);
  std::string cleaned = to_nfc(input);

  const std::size_t points = count_points(cleaned);
  if (points == 0 && limits.points_min > 0) return invalid("is empty");
  if (points < limits.points_min) {
    return invalid("has " + std::to_string(points) + " code points, at least " +
                   std::to_string(limits.points_min) + " are needed");
  }
  if (points > limits.points_max) {
    return invalid("has " + std::to_string(points) + " code points, at most " +
                   std::to_string(limits.points_max) + " are taken");
  }
  if (cleaned.size() > limits.size_max) {
    return invalid("has " + std::to_string(cleaned.size()) + " bytes, at most " +
                   std::to_string(limits.size_max) + " are taken");
  }
  return cleaned;
}

bool ends_sentence(char32_t c) { return c == '.' || c == '!' || c == '?' || c == U'…'; }

bool ends_wide_sentence(char32_t c) { return c == U'。' || c == U'！' || c == U'？' || c == U'｡'; }

bool closes_quote(char32_t c) {
  static constexpr std::u32string_view closers = U"\"'”’)]」』）";
  return closers.contains(c);
}

// The code points of a head of `text`: as many as fit and one more, and their offsets.
struct Head {
  std::u32string points;
  std::vector<std::size_t> offsets;  // Of each code point; points.size() of them.
  std::size_t fitting = 0;
};

Head head_of(std::string_view text, const Limits& limits) {
  Head head;
  std::size_t offset = 0;
  while (offset < text.size()) {
    const Point point = point_at(text, offset);
    if (point.size == 0) break;
    head.points += point.value;
    head.offsets.push_back(offset);
    offset += point.size;
    if (head.points.size() > limits.points_max || offset > limits.size_max) break;
    ++head.fitting;
  }
  return head;
}

// Where the sentence ends of which `begin` is the first mark: behind marks and closing quotes.
// 0 where this is no end: "3.5" and "example.org" go on, while Japanese needs no space to end.
std::size_t end_of_marks(const std::u32string& points, std::size_t begin) {
  if (points[begin] == '\n') return begin + 1;
  const auto mark = ends_wide_sentence(points[begin]) ? ends_wide_sentence : ends_sentence;
  std::size_t end = begin;
  while (end < points.size() && mark(points[end])) ++end;
  while (end < points.size() && closes_quote(points[end])) ++end;
  if (mark == ends_sentence && (end == points.size() || !is_space(points[end]))) return 0;
  return end;
}

// The last place, at most `head.fitting`, after which a new sentence can start; 0 where none is.
std::size_t sentence_end(const Head& head, const std::vector<bool>& starts) {
  std::size_t last = 0;
  for (std::size_t i = 0; i < head.fitting; ++i) {
    const char32_t c = head.points[i];
    if (c != '\n' && !ends_sentence(c) && !ends_wide_sentence(c)) continue;
    const std::size_t end = end_of_marks(head.points, i);
    if (end <= head.fitting && end > 0 && starts[end]) last = end;
  }
  return last;
}

}  // namespace

Result<std::string> clean_line(std::string_view input, const Limits& limits) {
  return clean(input, limits, Form::line);
}

Result<std::string> clean_text(std::string_view input, const Limits& limits) {
  return clean(input, limits, Form::text);
}

std::string_view cut_at_sentence(std::string_view text, const Limits& limits) {
  const Head head = head_of(text, limits);
  if (head.fitting == head.points.size()) return text;

  const std::vector<bool> starts = grapheme_starts(head.points);
  const auto prefix = [&](std::size_t count) {
    return trim_end(text.substr(0, head.offsets[count]));
  };
  const std::size_t least = head.fitting / cut_share_min;
  if (const std::size_t end = sentence_end(head, starts); end > 0) {
    const std::string_view sentences = prefix(end);
    if (count_points(sentences) >= std::max<std::size_t>(least, 1)) return sentences;
  }
  for (std::size_t end = head.fitting; end > least; --end) {
    if (is_space(head.points[end]) && starts[end]) return prefix(end);
  }
  for (std::size_t end = head.fitting; end > 0; --end) {
    if (starts[end]) return prefix(end);
  }
  return prefix(head.fitting);
}

bool is_language_tag(std::string_view tag) {
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  if (tag.size() > language_size_max) return false;
  bool first = true;
  while (true) {
    const std::size_t end = std::min(tag.find('-'), tag.size());
    const std::string_view part = tag.substr(0, end);
    if (part.size() < (first ? 2 : 1) || part.size() > (first ? 3 : 8)) return false;
    for (const char c : part) {
      if (!letter(c) && (first || !digit(c))) return false;
    }
    if (end == tag.size()) return true;
    tag.remove_prefix(end + 1);
    first = false;
  }
}

}  // namespace matsuri::text
