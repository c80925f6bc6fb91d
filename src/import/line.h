// One line of an import file, checked by itself; docs/formats/import.md is the contract.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <variant>

namespace matsuri::imports {

inline constexpr std::size_t line_size_max = 65'536;

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
  handle_taken,
  unknown_author,
  unknown_community,
};
inline constexpr std::size_t refusal_code_count = 10;
std::string_view name_of(RefusalCode code);

struct Refusal {
  RefusalCode code{};
  std::string detail;  // for people: printable, and bounded
};

struct UserLine {
  std::string source;
  std::string id;
  std::int64_t created_unix_ms = 0;
  std::string name;    // cleaned
  std::string handle;  // the one that was wished for, where that can be; else the made one
  bool handle_is_made = false;
};

struct PostLine {
  std::string source;
  std::string id;
  std::int64_t created_unix_ms = 0;
  std::string author;
  std::string community;
  std::string text;  // cleaned
  std::string language;
};

using Line = std::variant<UserLine, PostLine>;

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
