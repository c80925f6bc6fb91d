// Posts as plain structs, and the limits of what one may say.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/ids.h"

namespace matsuri::timeline {

inline constexpr std::size_t post_points_max = 280;
inline constexpr std::size_t post_size_max = 1120;
inline constexpr std::size_t feed_count_max = 100;
inline constexpr std::size_t feed_count_default = 50;
// The same text by the same author in the same community counts as one post within this time.
inline constexpr std::int64_t duplicate_guard_ms = 30'000;
inline constexpr std::int64_t idempotency_age_ms = std::int64_t{8} * 24 * 3600 * 1000;

// How people are shown beside what they say; learnt from account's facts.
struct Author {
  AccountId id;
  std::string handle;
  std::string name;
};

struct Post {
  PostId id;
  CommunityId community;
  Author author;
  std::string text;
  std::string language;  // BCP 47, empty where the author did not say
  std::int64_t created_unix_ms = 0;
};

struct FeedPage {
  std::vector<Post> posts;  // the newest first
  PostId next;              // where the next page goes on; none at the end
};

// The text as it is kept: NFC, trimmed, within the limits.
Result<std::string> clean_post_text(std::string_view text);
// A well-formed BCP 47 tag, or empty.
Result<void> check_language(std::string_view language);

}  // namespace matsuri::timeline
