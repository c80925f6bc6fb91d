// Notifications as plain structs, and how many are kept for how long.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "model/ids.h"
#include "people/model.h"

namespace matsuri::notification {

inline constexpr std::size_t page_count_max = 100;
inline constexpr std::size_t page_count_default = 50;
inline constexpr std::int64_t window_ms = std::int64_t{8} * 3600 * 1000;
inline constexpr std::uint64_t group_count_max = 200;  // kept for each recipient
inline constexpr std::size_t thread_count_max = 50;    // commenters who hear of a comment
inline constexpr std::size_t people_shown_max = 3;
inline constexpr std::size_t excerpt_points_max = 80;
inline constexpr std::int64_t age_ms_max = std::int64_t{90} * 24 * 3600 * 1000;

// Stored, and named by the API: never renumber.
enum class Kind : std::uint8_t {
  empathy = 1,  // with a post of the recipient's
  comment = 2,  // on a post of the recipient's
  thread = 3,   // on a post that the recipient has commented on
  follow = 4,   // of the recipient
};
std::string_view name_of(Kind kind);

// Which kinds are made for somebody.
struct Settings {
  bool empathy = true;
  bool comment = true;
  bool thread = true;
  bool follow = true;

  bool takes(Kind kind) const;
  bool operator==(const Settings&) const = default;
};

// What happened to one thing within a window of time, grouped.
struct Notice {
  std::uint64_t sequence = 0;  // the recipient's own count; a notice that grows gets a new one
  Kind kind = Kind::empathy;
  PostId post;                         // none for a follow
  std::vector<people::Person> people;  // the newest, at most people_shown_max
  std::uint64_t people_count = 0;      // all of them, each once
  std::int64_t updated_unix_ms = 0;
  bool is_unread = false;
};

struct Page {
  std::vector<Notice> notices;  // the newest first
  std::uint64_t next = 0;       // where the next page goes on; 0 at the end
  std::uint32_t unread_count = 0;
};

// The first excerpt_points_max code points. REQUIRES: valid UTF-8.
std::string excerpt_of(std::string_view text);

}  // namespace matsuri::notification
