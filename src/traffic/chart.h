// Lines over numbers as one SVG picture, which needs nothing but a browser: light or dark as the
// reader has it.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace matsuri::traffic {

struct Line {
  std::string name;
  std::vector<std::pair<double, double>> points;  // from left to right
};

// One below the other in a picture.
struct Panel {
  std::string title;
  bool is_log = false;      // of the height: from 0.1 on
  std::vector<Line> lines;  // at most four
  std::vector<std::pair<double, std::string>> x_ticks;
};

// Of a panel whose numbers are seconds.
std::vector<std::pair<double, std::string>> second_ticks(std::size_t count);

std::string to_svg(std::string_view title, const std::vector<Panel>& panels);

}  // namespace matsuri::traffic
