// The file that says when people may check in: docs/formats/windows.md.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "program/show.h"

namespace matsuri::program_builder {

// Windows in the order of time, and the line that each begins at.
struct Windows {
  std::vector<program::Window> windows;
  std::vector<std::uint32_t> lines;

  // Code::invalid, with the line, where one ends after the programme.
  Result<void> check_end(std::uint32_t duration_ms) const;
};

// Code::invalid says the line and what was expected. Whatever order the file has them in, windows
// come out by time; they must not overlap.
Result<Windows> parse_windows(std::string_view text);

}  // namespace matsuri::program_builder
