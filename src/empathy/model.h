// Empathy as plain structs: who feels it with which post.
#pragma once

#include <cstdint>
#include <vector>

#include "model/ids.h"
#include "people/model.h"

namespace matsuri::empathy {

inline constexpr std::size_t page_count_max = 100;
inline constexpr std::size_t page_count_default = 50;

// Who feels empathy with one post, the newest first.
struct PeoplePage {
  std::vector<people::Person> people;
  std::uint64_t next = 0;  // where the next page goes on; 0 at the end
};

// With which posts somebody feels empathy, the newest empathy first.
struct PostsPage {
  std::vector<PostId> posts;
  std::uint64_t next = 0;
};

}  // namespace matsuri::empathy
