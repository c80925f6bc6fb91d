#include "program_builder/windows.h"

#include <toml++/toml.h>
#include <algorithm>
#include <cmath>
#include <utility>

#include "program_builder/clock_text.h"

namespace matsuri::program_builder {
namespace {

constexpr std::int64_t number_max = 0xffff'ffff;

Error wrong(std::uint32_t line, const std::string& what) {
  return {Code::invalid, "line " + std::to_string(line) + ": " + what};
}

std::uint32_t line_of(const toml::node& node) { return node.source().begin.line; }

// "00:05:00", or seconds as a number.
Result<std::uint32_t> read_time(const toml::node& node, const char* key) {
  if (const auto text = node.value_exact<std::string>()) {
    if (const auto time = parse_clock(*text)) return *time;
  } else if (node.is_number()) {
    const double ms = *node.value<double>() * 1000;
    if (ms >= 0 && ms <= program::duration_ms_max)
      return static_cast<std::uint32_t>(std::llround(ms));
  }
  return wrong(
      line_of(node),
      std::string(key) + ": expected a time as \"00:05:00\", or seconds, of at most six hours");
}

struct Line {
  program::Window window;
  std::uint32_t line = 0;
  bool has_start = false, has_end = false;
};

Result<void> read_key(std::string_view key, const toml::node& node, Line& into) {
  if (key == "start") {
    TRY_ASSIGN(into.window.start_ms, read_time(node, "start"));
    into.has_start = true;
  } else if (key == "end") {
    TRY_ASSIGN(into.window.end_ms, read_time(node, "end"));
    into.has_end = true;
  } else if (key == "campaign") {
    const auto name = node.value_exact<std::string>();
    if (!name || !program::is_campaign(*name))
      return wrong(line_of(node), "campaign: expected 1 to 23 of a-z 0-9 _ - in quotes");
    into.window.campaign = *name;
  } else if (key == "points") {
    const auto points = node.value_exact<std::int64_t>();
    if (!points || *points < 1 || *points > number_max)
      return wrong(line_of(node), "points: expected a whole number from 1 to 4294967295");
    into.window.points = static_cast<std::uint32_t>(*points);
  } else if (key == "id") {
    const auto id = node.value_exact<std::int64_t>();
    if (!id || *id < 1 || *id > number_max)
      return wrong(line_of(node), "id: expected a whole number from 1 to 4294967295");
    into.window.id = static_cast<std::uint32_t>(*id);
  } else {
    return wrong(line_of(node), std::string(key) +
                                    " is not known: a window has start, end, "
                                    "campaign, and id where it wants one");
  }
  return {};
}

Result<Line> read_window(const toml::node& node) {
  const toml::table* const table = node.as_table();
  if (table == nullptr) return wrong(line_of(node), "expected [[window]]");
  Line line{.line = line_of(node)};
  for (const auto& [key, value] : *table) TRY(read_key(key.str(), value, line));
  for (const auto& [is_there, key] : {std::pair(line.has_start, "start"),
                                      {line.has_end, "end"},
                                      {!line.window.campaign.empty(), "campaign"},
                                      {line.window.points != 0, "points"}})
    if (!is_there) return wrong(line.line, "this window has no " + std::string(key));
  if (line.window.start_ms >= line.window.end_ms)
    return wrong(line.line, "this window ends before it starts");
  return line;
}

// Windows without an id get the smallest that nobody has, in the order of time.
Result<void> give_ids(std::vector<Line>& lines) {
  for (const Line& line : lines)
    for (const Line& other : lines)
      if (&other != &line && line.window.id != 0 && other.window.id == line.window.id)
        return wrong(std::max(line.line, other.line),
                     "another window has the id " + std::to_string(line.window.id));
  std::uint32_t next = 1;
  for (Line& line : lines) {
    if (line.window.id != 0) continue;
    while (std::ranges::any_of(lines, [&](const Line& one) { return one.window.id == next; }))
      ++next;
    line.window.id = next;
  }
  return {};
}

}  // namespace

Result<Windows> parse_windows(std::string_view text) {
  toml::table root;
  try {
    root = toml::parse(text);
  } catch (const toml::parse_error& error) {
    return wrong(error.source().begin.line, std::string(error.description()));
  }
  for (const auto& [key, value] : root)
    if (key.str() != "window")
      return wrong(line_of(value), std::string(key.str()) + " is not known: only [[window]] is");
  const toml::node* const node = root.get("window");
  if (node == nullptr) return Error(Code::invalid, "there is no [[window]] in it");
  if (node->as_array() == nullptr) return wrong(line_of(*node), "expected [[window]]");

  std::vector<Line> lines;
  for (const toml::node& each : *node->as_array()) {
    TRY_ASSIGN(Line line, read_window(each));
    if (lines.size() == program::window_count_max)
      return wrong(line.line, "a programme has at most 256 windows");
    lines.push_back(std::move(line));
  }
  std::ranges::sort(lines, {},
                    [](const Line& line) { return std::pair(line.window.start_ms, line.line); });
  for (std::size_t i = 1; i < lines.size(); ++i)
    if (lines[i].window.start_ms < lines[i - 1].window.end_ms)
      return wrong(lines[i].line, "this window starts before that of line " +
                                      std::to_string(lines[i - 1].line) + " ends");
  TRY(give_ids(lines));
  Windows windows;
  for (Line& line : lines) {
    windows.windows.push_back(std::move(line.window));
    windows.lines.push_back(line.line);
  }
  return windows;
}

Result<void> Windows::check_end(std::uint32_t duration_ms) const {
  for (std::size_t i = 0; i < windows.size(); ++i)
    if (windows[i].end_ms > duration_ms)
      return wrong(lines[i], "this window ends at " + clock_text(windows[i].end_ms) +
                                 ", after the programme, which lasts " + clock_text(duration_ms));
  return {};
}

}  // namespace matsuri::program_builder
