#include "text/unicode.h"

#include <utf8proc.h>

#include <array>
#include <cstdint>
#include <cstring>

#include "base/assert.h"

namespace matsuri::text {
namespace {

struct Range {
  char32_t first;
  char32_t last;
};

template <std::size_t N>
bool contains(const std::array<Range, N>& ranges, char32_t point) {
  for (const Range& range : ranges) {
    if (point <= range.last) return point >= range.first;
  }
  return false;
}

constexpr auto spaces = std::to_array<Range>({{0x09, 0x0D},
                                              {0x20, 0x20},
                                              {0x85, 0x85},
                                              {0xA0, 0xA0},
                                              {0x1680, 0x1680},
                                              {0x2000, 0x200A},
                                              {0x2028, 0x2029},
                                              {0x202F, 0x202F},
                                              {0x205F, 0x205F},
                                              {0x3000, 0x3000}});

// Of categories that usually draw, but do not: fillers, the empty Braille cell, variation
// selectors, and the planes' default-ignorable blocks.
constexpr auto blanks = std::to_array<Range>({{0x034F, 0x034F},
                                              {0x115F, 0x1160},
                                              {0x17B4, 0x17B5},
                                              {0x180B, 0x180F},
                                              {0x2800, 0x2800},
                                              {0x3164, 0x3164},
                                              {0xFE00, 0xFE0F},
                                              {0xFFA0, 0xFFA0},
                                              {0xFFF0, 0xFFF8},
                                              {0xE0000, 0xE0FFF}});

// Text of these alone is in Normalization Form C: each is a starter that neither decomposes nor
// composes with what stands before it. Most of what people write is made of them.
constexpr auto inert = std::to_array<Range>({{0x0000, 0x02FF},
                                             {0x0400, 0x0482},
                                             {0x2010, 0x2027},
                                             {0x3000, 0x3029},
                                             {0x3041, 0x3096},
                                             {0x30A1, 0x30FE},
                                             {0x4E00, 0x9FFF},
                                             {0xAC00, 0xD7A3},
                                             {0xFF01, 0xFFEE},
                                             {0x1F300, 0x1FAFF}});

bool is_inert(std::string_view text) {
  for (std::size_t offset = 0; offset < text.size();) {
    if (static_cast<unsigned char>(text[offset]) < 0x80) {
      ++offset;
      continue;
    }
    const Point point = point_at(text, offset);
    if (point.size == 0 || !contains(inert, point.value)) return false;
    offset += point.size;
  }
  return true;
}

bool continues(std::string_view text, std::size_t offset) {
  return offset < text.size() && (static_cast<unsigned char>(text[offset]) & 0xC0) == 0x80;
}

char32_t tail(std::string_view text, std::size_t offset) {
  return static_cast<unsigned char>(text[offset]) & 0x3F;
}

}  // namespace

Point point_at(std::string_view text, std::size_t offset) {
  const char32_t lead = static_cast<unsigned char>(text[offset]);
  if (lead < 0x80) return {lead, 1};
  if (lead < 0xC2 || lead > 0xF4 || !continues(text, offset + 1)) return {};
  if (lead < 0xE0) return {(lead & 0x1F) << 6 | tail(text, offset + 1), 2};
  if (!continues(text, offset + 2)) return {};
  if (lead < 0xF0) {
    const char32_t point =
        (lead & 0x0F) << 12 | tail(text, offset + 1) << 6 | tail(text, offset + 2);
    const bool valid = point >= 0x800 && (point < 0xD800 || point > 0xDFFF);
    return valid ? Point{point, 3} : Point{};
  }
  if (!continues(text, offset + 3)) return {};
  const char32_t point = (lead & 0x07) << 18 | tail(text, offset + 1) << 12 |
                         tail(text, offset + 2) << 6 | tail(text, offset + 3);
  return point >= 0x10000 && point <= 0x10FFFF ? Point{point, 4} : Point{};
}

void append_point(std::string& text, char32_t point) {
  std::array<utf8proc_uint8_t, 4> bytes;
  const utf8proc_ssize_t size =
      utf8proc_encode_char(static_cast<utf8proc_int32_t>(point), bytes.data());
  text.append(reinterpret_cast<const char*>(bytes.data()), static_cast<std::size_t>(size));
}

bool is_utf8(std::string_view text) {
  std::size_t offset = 0;
  while (offset < text.size()) {
    std::uint64_t eight;
    if (text.size() - offset >= sizeof eight) {
      std::memcpy(&eight, text.data() + offset, sizeof eight);
      if ((eight & 0x8080808080808080U) == 0) {
        offset += sizeof eight;
        continue;
      }
    }
    const Point point = point_at(text, offset);
    if (point.size == 0) return false;
    offset += point.size;
  }
  return true;
}

std::size_t count_points(std::string_view text) {
  std::size_t count = 0;
  for (const char c : text) count += (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  return count;
}

std::size_t grapheme_end(std::string_view text, std::size_t offset) {
  utf8proc_int32_t state = 0;
  Point before = point_at(text, offset);
  offset += before.size == 0 ? 1 : before.size;
  while (offset < text.size()) {
    const Point after = point_at(text, offset);
    if (utf8proc_grapheme_break_stateful(static_cast<utf8proc_int32_t>(before.value),
                                         static_cast<utf8proc_int32_t>(after.value), &state)) {
      break;
    }
    offset += after.size == 0 ? 1 : after.size;
    before = after;
  }
  return offset;
}

std::size_t count_graphemes(std::string_view text) {
  std::size_t count = 0;
  for (std::size_t offset = 0; offset < text.size(); offset = grapheme_end(text, offset)) ++count;
  return count;
}

std::vector<bool> grapheme_starts(const std::u32string& points) {
  std::vector<bool> starts(points.size(), true);
  utf8proc_int32_t state = 0;
  for (std::size_t i = 1; i < points.size(); ++i) {
    starts[i] = utf8proc_grapheme_break_stateful(static_cast<utf8proc_int32_t>(points[i - 1]),
                                                 static_cast<utf8proc_int32_t>(points[i]), &state);
  }
  return starts;
}

std::string to_nfc(std::string_view text) {
  if (is_inert(text)) return std::string(text);

  constexpr auto form = static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE);
  const auto* bytes = reinterpret_cast<const utf8proc_uint8_t*>(text.data());
  const auto size = static_cast<utf8proc_ssize_t>(text.size());
  // A first guess that holds for nearly all text; decompose() tells when it does not. One more
  // element than it fills, because reencode() ends its bytes with a zero.
  std::vector<utf8proc_int32_t> points(text.size() + 1);
  utf8proc_ssize_t count = utf8proc_decompose(
      bytes, size, points.data(), static_cast<utf8proc_ssize_t>(points.size() - 1), form);
  if (count > static_cast<utf8proc_ssize_t>(points.size() - 1)) {
    points.resize(static_cast<std::size_t>(count) + 1);
    count = utf8proc_decompose(bytes, size, points.data(), count, form);
  }
  MATSURI_ASSERT(count >= 0, "to_nfc takes valid UTF-8");
  const utf8proc_ssize_t written = utf8proc_reencode(points.data(), count, form);
  MATSURI_ASSERT(written >= 0, "what was decomposed can be composed");
  return {reinterpret_cast<const char*>(points.data()), static_cast<std::size_t>(written)};
}

bool is_space(char32_t point) { return contains(spaces, point); }

bool is_control(char32_t point) { return point < 0x20 || (point >= 0x7F && point < 0xA0); }

bool is_noncharacter(char32_t point) {
  return (point >= 0xFDD0 && point <= 0xFDEF) || (point & 0xFFFE) == 0xFFFE;
}

bool is_direction_mark(char32_t point) {
  return (point >= 0x202A && point <= 0x202E) || (point >= 0x2066 && point <= 0x2069);
}

bool is_inkless(char32_t point) {
  if (point < 0x7F) return point <= 0x20;
  if (is_space(point) || is_control(point) || contains(blanks, point)) return true;
  return utf8proc_category(static_cast<utf8proc_int32_t>(point)) == UTF8PROC_CATEGORY_CF;
}

}  // namespace matsuri::text
