// Goal: whatever bytes come in, cleaning ends, and what it lets through keeps all its promises.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/assert.h"
#include "text/clean.h"
#include "text/unicode.h"

namespace matsuri::text {
namespace {

constexpr Limits post_limits{.points_max = 280, .size_max = 1120};
constexpr Limits name_limits{.points_max = 40, .size_max = 160};

void check_cleaned(std::string_view cleaned, const Limits& limits) {
  MATSURI_ASSERT(is_utf8(cleaned));
  MATSURI_ASSERT(to_nfc(cleaned) == cleaned);
  MATSURI_ASSERT(count_points(cleaned) >= 1 && count_points(cleaned) <= limits.points_max);
  MATSURI_ASSERT(cleaned.size() <= limits.size_max);
  MATSURI_ASSERT(count_graphemes(cleaned) <= count_points(cleaned));
}

}  // namespace
}  // namespace matsuri::text

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace matsuri::text;
  const std::string_view input(reinterpret_cast<const char*>(data), size);

  if (const auto text = clean_text(input, post_limits); text.ok()) {
    check_cleaned(*text, post_limits);
    const auto again = clean_text(*text, post_limits);
    MATSURI_ASSERT(again.ok() && *again == *text);
  }
  if (const auto name = clean_line(input, name_limits); name.ok()) {
    check_cleaned(*name, name_limits);
    MATSURI_ASSERT(name->find('\n') == std::string::npos);
    const auto again = clean_line(*name, name_limits);
    MATSURI_ASSERT(again.ok() && *again == *name);
  }
  if (is_utf8(input)) {
    const Limits limits{.points_max = 20, .size_max = 40};
    const std::string_view cut = cut_at_sentence(input, limits);
    MATSURI_ASSERT(input.starts_with(cut) && is_utf8(cut));
    MATSURI_ASSERT(count_points(cut) <= limits.points_max && cut.size() <= limits.size_max);
    const std::string once = to_nfc(input);
    MATSURI_ASSERT(is_utf8(once) && to_nfc(once) == once);
  }
  (void)is_language_tag(input);
  return 0;
}
