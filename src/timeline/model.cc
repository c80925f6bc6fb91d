#include "timeline/model.h"

#include "text/clean.h"

namespace matsuri::timeline {

Result<std::string> clean_post_text(std::string_view text) {
  auto cleaned = text::clean_text(text, {.points_max = post_points_max, .size_max = post_size_max});
  if (!cleaned.ok()) return Error(Code::invalid, "text " + cleaned.error().message());
  return cleaned;
}

Result<void> check_language(std::string_view language) {
  if (!language.empty() && !text::is_language_tag(language))
    return Error(Code::invalid, "language: a BCP 47 tag like \"ja\" or \"en-GB\" is taken");
  return {};
}

}  // namespace matsuri::timeline
