// Titles and communities as plain structs, the limits of what they are called, and who may post
// where.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/event.h"
#include "model/ids.h"

namespace matsuri::community {

inline constexpr std::size_t name_count_max = 16;
inline constexpr std::size_t name_points_max = 128;
inline constexpr std::size_t name_size_max = 512;
inline constexpr std::size_t platform_count_max = 16;
inline constexpr std::size_t platform_points_max = 40;
inline constexpr std::size_t platform_size_max = 160;
inline constexpr std::size_t publisher_points_max = 80;
inline constexpr std::size_t publisher_size_max = 320;
inline constexpr std::size_t crest_size_max = 64;
inline constexpr std::size_t description_points_max = 500;
inline constexpr std::size_t description_size_max = 2000;
// User-made communities that one person may own in one title.
inline constexpr std::size_t owned_count_max = 4;

inline constexpr std::uint8_t post_kinds_all = post_kind_text | post_kind_drawing;
// Of a name whose language nobody said.
inline constexpr std::string_view undetermined_language = "und";

// A game, a programme: what communities are about.
struct Title {
  TitleId id{};
  std::vector<LocalName> names{};  // at least one
  std::vector<std::string> platforms{};
  std::string publisher{};  // may be empty
  std::string crest{};      // empty, or one character as people see them
  CommunityId main_community{};
  std::int64_t created_unix_ms = 0;

  bool operator==(const Title&) const = default;
};

// What decides about a post.
struct Rules {
  CommunityKind kind = CommunityKind::main;
  Posters who_posts = Posters::everyone;
  std::uint8_t post_kinds = post_kinds_all;  // bits of PostKind, at least one
  TitleId title{};                           // none: of no title
  AccountId owner{};                         // none: of nobody

  bool operator==(const Rules&) const = default;
};

struct Community {
  CommunityId id{};
  Rules rules{};
  std::vector<LocalName> names{};  // at least one
  std::string description{};       // may be empty
  std::int64_t created_unix_ms = 0;

  bool operator==(const Community&) const = default;
};

// Who asks for a change.
struct Actor {
  AccountId account{};
  Role role = Role::user;
};

struct NewTitle {
  std::vector<LocalName> names{};
  std::vector<std::string> platforms{};
  std::string publisher{};
  std::string crest{};
};

// What is not named stays.
struct TitleChange {
  std::optional<std::vector<LocalName>> names{};
  std::optional<std::vector<std::string>> platforms{};
  std::optional<std::string> publisher{};
  std::optional<std::string> crest{};
};

struct NewCommunity {
  TitleId title{};
  CommunityKind kind = CommunityKind::user;
  std::vector<LocalName> names{};
  std::string description{};
  std::uint8_t post_kinds = post_kinds_all;
  std::optional<Posters> who_posts{};  // else posters_of_new()
};

struct CommunityChange {
  std::optional<std::vector<LocalName>> names{};
  std::optional<std::string> description{};
  std::optional<std::uint8_t> post_kinds{};
  std::optional<Posters> who_posts{};
};

// Moderators and admins.
bool is_staff(Role role);

// May they write a post that has `kinds` in it (bits of PostKind)? Nobody who is not signed in may,
// and no post without a kind. Who owns a community, and staff, may wherever an owner may.
bool may_post(const Rules& rules, AccountId account, Role role, std::uint8_t kinds);

// Who posts in a community of that kind until told otherwise: staff where something is announced,
// everyone elsewhere.
Posters posters_of_new(CommunityKind kind);

// What is kept, or Code::invalid with a sentence that names the limit. Cleaning what is clean
// changes nothing.
//
// One text of a name: 1 to 128 code points on one line.
Result<std::string> clean_name(std::string_view name);
// 1 to 16 names, each of another language.
Result<std::vector<LocalName>> clean_names(std::vector<LocalName> names);
// At most 16, each of 1 to 40 code points on one line.
Result<std::vector<std::string>> clean_platforms(std::vector<std::string> platforms);
// 0 to 80 code points on one line.
Result<std::string> clean_publisher(std::string_view publisher);
// Empty, or one character as people see them, of at most 64 bytes.
Result<std::string> clean_crest(std::string_view crest);
// 0 to 500 code points on several lines.
Result<std::string> clean_description(std::string_view description);
Result<NewTitle> clean_title(NewTitle title);

std::string_view name_of(CommunityKind kind);
std::string_view name_of(Posters posters);
// The names of the bits, "text" first.
std::vector<std::string_view> names_of_post_kinds(std::uint8_t post_kinds);
Result<CommunityKind> parse_kind(std::string_view name);
Result<Posters> parse_posters(std::string_view name);
// 1 or 2 of "text" and "drawing", none twice.
Result<std::uint8_t> parse_post_kinds(std::span<const std::string> names);

}  // namespace matsuri::community
