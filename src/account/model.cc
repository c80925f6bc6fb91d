#include "account/model.h"

#include <array>

#include "text/clean.h"
#include "text/unicode.h"

namespace matsuri::account {
namespace {

constexpr std::array<std::string_view, 4> role_names = {"user", "moderator", "support", "admin"};
constexpr std::array<std::string_view, 2> audience_names = {"everyone", "nobody"};

}  // namespace

Result<void> check_handle(std::string_view handle) {
  const auto is_letter = [](char c) { return c >= 'a' && c <= 'z'; };
  bool good =
      handle.size() >= handle_size_min && handle.size() <= handle_size_max && is_letter(handle[0]);
  for (const char c : handle) good = good && (is_letter(c) || (c >= '0' && c <= '9') || c == '_');
  if (!good)
    return Error(Code::invalid,
                 "handle: 3 to 20 of a-z, 0-9 and _ are taken, beginning with a letter");
  return {};
}

Result<std::string> clean_name(std::string_view name) {
  auto cleaned = text::clean_line(name, {.points_max = name_points_max, .size_max = name_size_max});
  if (!cleaned.ok()) return Error(Code::invalid, "name " + cleaned.error().message());
  return cleaned;
}

Result<std::string> clean_bio(std::string_view bio) {
  auto cleaned = text::clean_text(
      bio, {.points_min = 0, .points_max = bio_points_max, .size_max = bio_size_max});
  if (!cleaned.ok()) return Error(Code::invalid, "bio " + cleaned.error().message());
  return cleaned;
}

Result<std::string> clean_label(std::string_view label) {
  auto cleaned =
      text::clean_line(label, {.points_max = label_points_max, .size_max = name_size_max});
  if (!cleaned.ok()) return Error(Code::invalid, "label " + cleaned.error().message());
  return cleaned;
}

Result<std::string> clean_password(std::string_view password) {
  // Bounded before anything looks at it: normalising is quadratic in runs of marks.
  if (password.size() > password_points_max * 4 || !text::is_utf8(password))
    return Error(Code::invalid, "password: 8 to 128 characters are taken");
  std::string composed = text::to_nfc(password);
  const std::size_t points = text::count_points(composed);
  if (points < password_points_min || points > password_points_max)
    return Error(Code::invalid, "password: 8 to 128 characters are taken");
  return composed;
}

std::string_view name_of(Role role) { return role_names[static_cast<std::size_t>(role)]; }

Result<Role> parse_role(std::string_view name) {
  for (std::size_t index = 0; index < role_names.size(); ++index)
    if (role_names[index] == name) return static_cast<Role>(index);
  return Error(Code::invalid, "role: user, moderator, support or admin is taken");
}

std::string_view name_of(Audience audience) {
  return audience_names[static_cast<std::size_t>(audience)];
}

Result<Audience> parse_audience(std::string_view name) {
  for (std::size_t index = 0; index < audience_names.size(); ++index)
    if (audience_names[index] == name) return static_cast<Audience>(index);
  return Error(Code::invalid, "everyone or nobody is taken");
}

}  // namespace matsuri::account
