#include "program_builder/clock_text.h"

#include <algorithm>
#include <cstdio>

namespace matsuri::program_builder {
namespace {

constexpr std::uint32_t hour_ms = 3'600'000, minute_ms = 60'000, second_ms = 1'000;

// Takes two digits below 60 (below 100 for hours) off the front.
std::optional<std::uint32_t> take_pair(std::string_view& text, std::uint32_t most) {
  const auto digit = [&](std::size_t i) { return text[i] >= '0' && text[i] <= '9'; };
  if (text.size() < 2 || !digit(0) || !digit(1)) return std::nullopt;
  const auto value = static_cast<std::uint32_t>((text[0] - '0') * 10 + (text[1] - '0'));
  text.remove_prefix(2);
  if (value > most) return std::nullopt;
  return value;
}

}  // namespace

std::string clock_text(std::uint32_t time_ms) {
  char text[32];
  std::snprintf(text, sizeof text, "%02u:%02u:%02u", time_ms / hour_ms, time_ms / minute_ms % 60,
                time_ms / second_ms % 60);
  std::string out = text;
  if (time_ms % second_ms == 0) return out;
  std::snprintf(text, sizeof text, ".%03u", time_ms % second_ms);
  out += text;
  while (out.back() == '0') out.pop_back();
  return out;
}

std::optional<std::uint32_t> parse_clock(std::string_view text) {
  std::uint32_t parts[3] = {};
  const std::size_t colon_count =
      static_cast<std::size_t>(std::count(text.begin(), text.end(), ':'));
  if (colon_count != 1 && colon_count != 2) return std::nullopt;
  for (std::size_t i = 2 - colon_count; i < 3; ++i) {
    const auto part = take_pair(text, i == 0 ? 99 : 59);
    if (!part) return std::nullopt;
    parts[i] = *part;
    if (i == 2) break;
    if (text.empty() || text.front() != ':') return std::nullopt;
    text.remove_prefix(1);
  }
  std::uint32_t ms = parts[0] * hour_ms + parts[1] * minute_ms + parts[2] * second_ms;
  if (text.empty()) return ms;
  if (text.front() != '.' || text.size() < 2 || text.size() > 4) return std::nullopt;
  text.remove_prefix(1);
  std::uint32_t worth = 100;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    ms += static_cast<std::uint32_t>(c - '0') * worth;
    worth /= 10;
  }
  return ms;
}

}  // namespace matsuri::program_builder
