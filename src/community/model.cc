#include "community/model.h"

#include <algorithm>
#include <array>
#include <utility>

#include "text/clean.h"
#include "text/unicode.h"

namespace matsuri::community {
namespace {

constexpr std::array<std::string_view, 4> kind_names = {"main", "official", "user", "announcement"};
constexpr std::array<std::string_view, 3> posters_names = {"everyone", "staff", "owner"};
constexpr std::array<std::pair<PostKind, std::string_view>, 2> post_kind_names = {
    {{post_kind_text, "text"}, {post_kind_drawing, "drawing"}}};

// What `clean` gives for a field; its complaint begins with the field's name.
template <class Clean>
Result<std::string> clean_field(std::string_view field, std::string_view input, Clean clean,
                                const text::Limits& limits) {
  auto cleaned = clean(input, limits);
  if (!cleaned.ok())
    return Error(Code::invalid, std::string(field) + ' ' + cleaned.error().message());
  return cleaned;
}

// Language tags know no case.
std::string folded(std::string_view tag) {
  std::string lower(tag);
  for (char& c : lower)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return lower;
}

}  // namespace

bool is_staff(Role role) { return role == Role::moderator || role == Role::admin; }

bool may_post(const Rules& rules, AccountId account, Role role, std::uint8_t kinds) {
  if (!account || kinds == 0 || (kinds & ~rules.post_kinds) != 0) return false;
  switch (rules.who_posts) {
    case Posters::everyone:
      return true;
    case Posters::staff:
      return is_staff(role);
    case Posters::owner:
      return is_staff(role) || account == rules.owner;
  }
  return false;
}

Posters posters_of_new(CommunityKind kind) {
  return kind == CommunityKind::announcement ? Posters::staff : Posters::everyone;
}

Result<std::string> clean_name(std::string_view name) {
  return clean_field("name", name, text::clean_line,
                     {.points_max = name_points_max, .size_max = name_size_max});
}

Result<std::vector<LocalName>> clean_names(std::vector<LocalName> names) {
  if (names.empty() || names.size() > name_count_max)
    return Error(Code::invalid, "names: 1 to 16 languages are taken");
  std::vector<std::string> languages;
  for (LocalName& name : names) {
    if (!text::is_language_tag(name.language))
      return Error(Code::invalid, "names: the keys are BCP 47 tags like \"ja\" or \"en-GB\"");
    std::string language = folded(name.language);
    if (std::ranges::find(languages, language) != languages.end())
      return Error(Code::invalid, "names: a language stands there twice");
    languages.push_back(std::move(language));
    TRY_ASSIGN(name.text, clean_name(name.text));
  }
  return names;
}

Result<std::vector<std::string>> clean_platforms(std::vector<std::string> platforms) {
  if (platforms.size() > platform_count_max)
    return Error(Code::invalid, "platforms: at most 16 are taken");
  for (std::string& platform : platforms) {
    TRY_ASSIGN(platform,
               clean_field("platform", platform, text::clean_line,
                           {.points_max = platform_points_max, .size_max = platform_size_max}));
  }
  return platforms;
}

Result<std::string> clean_publisher(std::string_view publisher) {
  return clean_field(
      "publisher", publisher, text::clean_line,
      {.points_min = 0, .points_max = publisher_points_max, .size_max = publisher_size_max});
}

Result<std::string> clean_crest(std::string_view crest) {
  TRY_ASSIGN(
      std::string cleaned,
      clean_field("crest", crest, text::clean_line,
                  {.points_min = 0, .points_max = crest_size_max, .size_max = crest_size_max}));
  if (!cleaned.empty() && text::count_graphemes(cleaned) != 1)
    return Error(Code::invalid, "crest: one character is taken, or none");
  return cleaned;
}

Result<std::string> clean_description(std::string_view description) {
  return clean_field(
      "description", description, text::clean_text,
      {.points_min = 0, .points_max = description_points_max, .size_max = description_size_max});
}

Result<NewTitle> clean_title(NewTitle title) {
  TRY_ASSIGN(title.names, clean_names(std::move(title.names)));
  TRY_ASSIGN(title.platforms, clean_platforms(std::move(title.platforms)));
  TRY_ASSIGN(title.publisher, clean_publisher(title.publisher));
  TRY_ASSIGN(title.crest, clean_crest(title.crest));
  return title;
}

std::string_view name_of(CommunityKind kind) { return kind_names[static_cast<std::size_t>(kind)]; }

std::string_view name_of(Posters posters) {
  return posters_names[static_cast<std::size_t>(posters)];
}

std::vector<std::string_view> names_of_post_kinds(std::uint8_t post_kinds) {
  std::vector<std::string_view> names;
  for (const auto& [bit, name] : post_kind_names)
    if ((post_kinds & bit) != 0) names.push_back(name);
  return names;
}

Result<CommunityKind> parse_kind(std::string_view name) {
  const auto found = std::ranges::find(kind_names, name);
  if (found == kind_names.end())
    return Error(Code::invalid, "kind: main, official, user or announcement is taken");
  return static_cast<CommunityKind>(found - kind_names.begin());
}

Result<Posters> parse_posters(std::string_view name) {
  const auto found = std::ranges::find(posters_names, name);
  if (found == posters_names.end())
    return Error(Code::invalid, "who_posts: everyone, staff or owner is taken");
  return static_cast<Posters>(found - posters_names.begin());
}

Result<std::uint8_t> parse_post_kinds(std::span<const std::string> names) {
  const Error refused(Code::invalid, "post_kinds: one or both of text and drawing are taken");
  std::uint8_t post_kinds = 0;
  for (const std::string& name : names) {
    const auto found =
        std::ranges::find(post_kind_names, name, [](const auto& pair) { return pair.second; });
    if (found == post_kind_names.end() || (post_kinds & found->first) != 0) return refused;
    post_kinds = static_cast<std::uint8_t>(post_kinds | found->first);
  }
  if (post_kinds == 0) return refused;
  return post_kinds;
}

}  // namespace matsuri::community
