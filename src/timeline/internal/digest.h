// Numbers that stand for contents in the tables, so that equal ones are found without comparing
// them. Stored: the functions can't change.
#pragma once

#include <cstdint>
#include <string_view>

#include "model/ids.h"

namespace matsuri::timeline::internal {

// What the duplicate guard compares, apart from the author: 63 bits, never 0. Whoever finds two
// contents of one digest keeps nobody out but themselves.
struct GuardContent {
  CommunityId community;
  PostId parent;
  std::string_view text;
  std::string_view drawing;
};
std::uint64_t guard_digest(const GuardContent& content);

// 63 bits, never 0; 0 for no drawing.
std::uint64_t drawing_digest(std::string_view stored);

}  // namespace matsuri::timeline::internal
