#include "timeline/model.h"

#include <bit>

#include "text/clean.h"

namespace matsuri::timeline {
namespace {

// The binary logarithm in millionths, cut. REQUIRES: 0 < number < 2^48.
std::int64_t log2_millionths(std::uint64_t number) {
  constexpr unsigned fraction_bits = 24;
  const auto whole = static_cast<unsigned>(std::bit_width(number)) - 1;
  // A number from 1 to 2 with 31 bits behind the point; squaring it gives one more bit of the
  // logarithm each time.
  std::uint64_t mantissa = whole > 31 ? number >> (whole - 31) : number << (31 - whole);
  std::uint64_t fraction = 0;
  for (unsigned bit = 0; bit < fraction_bits; ++bit) {
    mantissa = (mantissa * mantissa) >> 31;
    fraction <<= 1;
    if (mantissa >> 32 == 0) continue;
    mantissa >>= 1;
    fraction |= 1;
  }
  return static_cast<std::int64_t>(whole * 1'000'000 + ((fraction * 1'000'000) >> fraction_bits));
}

}  // namespace

Result<std::string> clean_post_text(std::string_view text) {
  auto cleaned = text::clean_text(text, {.points_max = post_points_max, .size_max = post_size_max});
  if (!cleaned.ok()) return Error(Code::invalid, "text " + cleaned.error().message());
  return cleaned;
}

Result<std::string> clean_tag(std::string_view tag) {
  if (tag.empty()) return std::string();
  auto cleaned = text::clean_line(tag, {.points_max = tag_points_max, .size_max = tag_size_max});
  if (!cleaned.ok()) return Error(Code::invalid, "tag " + cleaned.error().message());
  return cleaned;
}

Result<void> check_language(std::string_view language) {
  if (!language.empty() && !text::is_language_tag(language))
    return Error(Code::invalid, "language: a BCP 47 tag like \"ja\" or \"en-GB\" is taken");
  return {};
}

std::int64_t hot_score(std::uint64_t empathy_count, std::uint64_t comment_count,
                       std::int64_t created_unix_ms) {
  return log2_millionths(1 + empathy_count) + log2_millionths(1 + comment_count) / 2 +
         created_unix_ms / 45;
}

}  // namespace matsuri::timeline
