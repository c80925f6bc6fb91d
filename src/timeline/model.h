// Posts as plain structs, and the limits of what one may say.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "model/ids.h"

namespace matsuri::timeline {

inline constexpr std::size_t post_points_max = 280;
inline constexpr std::size_t post_size_max = 1120;
inline constexpr std::size_t tag_points_max = 50;
inline constexpr std::size_t tag_size_max = 200;
inline constexpr std::uint8_t feeling_max = 5;
inline constexpr std::size_t feed_count_max = 100;
inline constexpr std::size_t feed_count_default = 50;
// The same by the same author in the same place counts as one post within this time.
inline constexpr std::int64_t duplicate_guard_ms = 30'000;
// How long a post may be edited.
inline constexpr std::int64_t edit_window_ms = std::int64_t{30} * 60 * 1000;
inline constexpr std::int64_t idempotency_age_ms = std::int64_t{8} * 24 * 3600 * 1000;

// How people are shown beside what they say; learnt from account's facts.
struct Author {
  AccountId id;
  std::string handle;
  std::string name;
  std::uint64_t face = 0;  // the genome; 0 stands for the one made from the id
};

// A post, or (with a parent) a comment.
struct Post {
  PostId id;
  CommunityId community;
  PostId parent;
  Author author;
  std::string text;  // empty where it is only drawn
  bool drawn = false;
  std::uint8_t feeling = 0;
  bool spoiler = false;
  std::string tag;       // empty for none
  std::string language;  // BCP 47, empty where the author did not say
  std::int64_t created_unix_ms = 0;
  std::int64_t edited_unix_ms = 0;  // 0 where it never was
  std::uint64_t comment_count = 0;
  std::uint64_t empathy_count = 0;
};

// The text as it is kept: NFC, trimmed, within the limits.
Result<std::string> clean_post_text(std::string_view text);
// The tag as it is kept: one line. Empty stays empty.
Result<std::string> clean_tag(std::string_view tag);
// A well-formed BCP 47 tag, or empty.
Result<void> check_language(std::string_view language);

// What a feed of hot posts is ordered by, in millionths: log2(1 + empathies) + log2(1 + comments)/2
// + seconds of age/45 000, so that a post twice as liked is as hot as one 12.5 hours younger. Whole
// numbers only: every machine has the same.
std::int64_t hot_score(std::uint64_t empathy_count, std::uint64_t comment_count,
                       std::int64_t created_unix_ms);

// The day in UTC on which it was, counted from 1970-01-01.
constexpr std::int64_t day_of(std::int64_t unix_ms) { return unix_ms / (24LL * 3600 * 1000); }

}  // namespace matsuri::timeline
