// What the doctor collects while it looks.
#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "ops/doctor.h"

namespace matsuri::ops::internal {

class Findings {
 public:
  void add(std::string line) {
    if (lines_.size() < finding_count_max)
      lines_.push_back(std::move(line));
    else if (lines_.size() == finding_count_max)
      lines_.push_back("and more: the list ends here");
  }
  // `count` things of which one is named in `line`; nothing for none.
  void add_count(std::uint64_t count, const std::string& line) {
    if (count != 0) add(std::to_string(count) + ' ' + line);
  }
  std::vector<std::string> take() { return std::move(lines_); }

 private:
  std::vector<std::string> lines_;
};

}  // namespace matsuri::ops::internal
