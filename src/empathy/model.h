// Empathy as plain structs: who feels it with which post.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "model/cursor.h"
#include "model/ids.h"
#include "people/model.h"

namespace matsuri::empathy {

inline constexpr std::size_t page_count_max = 100;
inline constexpr std::size_t page_count_default = 50;

// Who feels empathy with one post, the newest first.
struct PeoplePage {
  std::vector<people::Person> people;
  std::optional<Cursor> next;  // where the next page goes on; none at the end
};

// With which posts somebody feels empathy, the newest empathy first.
struct PostsPage {
  std::vector<PostId> posts;
  std::optional<Cursor> next;
};

}  // namespace matsuri::empathy
