// One line of an import file, checked by itself; docs/formats/import.md is the contract.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "model/event.h"

namespace matsuri::imports {

inline constexpr std::size_t line_size_max = 262'144;

// Why a line is not taken, in the order in which the reasons are looked for. The names are part of
// the format.
enum class RefusalCode : std::uint8_t {
  line_too_long,
  bad_json,
  unknown_kind,
  bad_field,
  time_before_2010,
  time_ahead,
  text_invalid,
  drawing_invalid,
  handle_taken,
  unknown_author,
  unknown_title,
  unknown_community,
  unknown_post,
  unknown_target,
  not_allowed,
};
inline constexpr std::size_t refusal_code_count = 15;
std::string_view name_of(RefusalCode code);

struct Refusal {
  RefusalCode code{};
  std::string detail;  // for people: printable, and bounded
};

// What stands in every line. Ids that a line names are ids of the same source.
struct LineKey {
  std::string source;
  std::string id;
  std::int64_t created_unix_ms = 0;
};

struct UserLine {
  LineKey key;
  std::string name;    // cleaned
  std::string handle;  // the one that was wished for, where that can be; else the made one
  bool handle_is_made = false;
  std::string bio;         // cleaned
  std::uint64_t face = 0;  // 0: the one made from the account's id
};

struct TitleLine {
  LineKey key;
  std::vector<LocalName> names;  // cleaned, as all below
  std::vector<std::string> platforms;
  std::string publisher;
  std::string crest;
};

struct CommunityLine {
  LineKey key;
  CommunityKind kind{};
  std::string title;  // empty where there is none
  std::string owner;
  std::vector<LocalName> names;
  std::string description;
  std::uint8_t post_kinds = post_kind_text | post_kind_drawing;
  Posters who_posts = Posters::everyone;
};

// A post or, where `post` is not empty, a comment. Of `community`, `in` and `post` one is there.
struct PostLine {
  LineKey key;
  std::string author;
  std::string community;  // Matsuri's own id
  std::string in;         // the id of a community line
  std::string post;       // the id of the post line that a comment is about
  bool has_text = false;  // else it is only drawn
  std::string text;       // cleaned
  std::string drawing;    // the stored form of drawing/, or empty
  std::uint8_t feeling = 0;
  bool spoiler = false;
  std::string tag;
  std::string language;

  bool is_comment() const { return !post.empty(); }
};

// Of `target` and `in` one is there.
struct FollowLine {
  LineKey key;
  std::string account;
  std::string target;
  std::string in;
};

struct EmpathyLine {
  LineKey key;
  std::string account;
  std::string post;
};

using Line = std::variant<UserLine, TitleLine, CommunityLine, PostLine, FollowLine, EmpathyLine>;

// A line of nothing but white space says nothing.
bool is_blank(std::string_view line);

// Checks all that a line says by itself: handle_taken and what follows it need the databases.
// `now_unix_ms` is the latest time that is taken.
std::expected<Line, Refusal> parse_line(std::string_view line, std::int64_t now_unix_ms);

// "im_" and 16 characters: the same on every machine.
std::string made_handle(std::string_view source, std::string_view id);

// What came from a file, between quotes, fit for a terminal.
std::string quoted(std::string_view text);

}  // namespace matsuri::imports
