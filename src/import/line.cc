#include "import/line.h"

#include <sodium.h>

#include <algorithm>
#include <type_traits>
#include <utility>

#include "base/result.h"
#include "base/time.h"
#include "import/internal/line_form.h"
#include "json/value.h"
#include "model/ids.h"

namespace matsuri::imports {
namespace {

constexpr std::size_t detail_size_max = 200;
constexpr std::size_t quoted_size_max = 64;

constexpr std::array<std::string_view, refusal_code_count> code_names = {
    "line_too_long", "bad_json",          "unknown_kind",    "bad_field",      "time_before_2010",
    "time_ahead",    "text_invalid",      "drawing_invalid", "handle_taken",   "unknown_author",
    "unknown_title", "unknown_community", "unknown_post",    "unknown_target", "not_allowed"};

// A detail repeats what stood in the file: no control may reach somebody's terminal, and no novel
// their log. REQUIRES: valid UTF-8.
std::string printable(std::string_view text, std::size_t size_max) {
  std::string out;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const auto byte = static_cast<unsigned char>(text[at]);
    const bool starts_point = (byte & 0xc0) != 0x80;
    if (starts_point && out.size() >= size_max) return out + "…";
    const bool is_c1 =
        byte == 0xc2 && at + 1 < text.size() && static_cast<unsigned char>(text[at + 1]) < 0xa0;
    if (byte < 0x20 || byte == 0x7f || is_c1) {
      out += '?';
      at += is_c1 ? 1 : 0;
    } else {
      out += text[at];
    }
  }
  return out;
}

std::unexpected<Refusal> refuse(RefusalCode code, std::string_view detail) {
  return std::unexpected(Refusal{code, printable(detail, detail_size_max)});
}

// The time for people; a time that has no year of four digits as it stood there.
std::string shown(std::int64_t unix_ms) {
  constexpr std::int64_t year_0_ms = -62'167'219'200'000;
  constexpr std::int64_t year_10000_ms = 253'402'300'800'000;
  const bool has_form = unix_ms >= year_0_ms && unix_ms < year_10000_ms;
  return "created_at: " + (has_form ? to_rfc3339(unix_ms) : std::to_string(unix_ms));
}

std::expected<void, Refusal> check_time(std::int64_t unix_ms, std::int64_t now_unix_ms) {
  if (unix_ms < id_epoch_unix_ms) return refuse(RefusalCode::time_before_2010, shown(unix_ms));
  if (unix_ms > std::min(now_unix_ms, id_epoch_unix_ms + id_ms_max))
    return refuse(RefusalCode::time_ahead, shown(unix_ms));
  return {};
}

// One kind of line: its form is read as it stands there, then its time, then what it says is looked
// at. The order of these is the order of the reasons.
template <class AnyLine>
std::expected<Line, Refusal> parse_as(const json::Object& object, std::int64_t now_unix_ms) {
  internal::Drawn drawn;
  AnyLine line;
  if (const Result<void> form = internal::read_form(object, line, drawn); !form.ok())
    return refuse(RefusalCode::bad_field, form.error().message());
  if (auto time = check_time(line.key.created_unix_ms, now_unix_ms); !time)
    return std::unexpected(std::move(time).error());
  if (const Result<void> cleaned = internal::clean_texts(line); !cleaned.ok())
    return refuse(RefusalCode::text_invalid, cleaned.error().message());
  if constexpr (std::is_same_v<AnyLine, PostLine>) {
    if (drawn) {
      auto drawing = drawing::clean(std::move(*drawn));
      if (!drawing.ok()) return refuse(RefusalCode::drawing_invalid, drawing.error().message());
      line.drawing = drawing::encode(*drawing);
    }
  }
  return line;
}

}  // namespace

std::string_view name_of(RefusalCode code) { return code_names[static_cast<std::size_t>(code)]; }

bool is_blank(std::string_view line) {
  return line.find_first_not_of(" \t\r") == std::string_view::npos;
}

std::expected<Line, Refusal> parse_line(std::string_view line, std::int64_t now_unix_ms) {
  const auto document = json::Document::parse(line, {.size_max = line_size_max});
  if (!document.ok()) return refuse(RefusalCode::bad_json, document.error().message());
  const auto object = document->object();
  if (!object.ok()) return refuse(RefusalCode::bad_json, object.error().message());
  const auto kind = object->string("kind");
  if (!kind.ok()) return refuse(RefusalCode::unknown_kind, kind.error().message());
  if (*kind == "user") return parse_as<UserLine>(*object, now_unix_ms);
  if (*kind == "title") return parse_as<TitleLine>(*object, now_unix_ms);
  if (*kind == "community") return parse_as<CommunityLine>(*object, now_unix_ms);
  if (*kind == "post" || *kind == "comment") return parse_as<PostLine>(*object, now_unix_ms);
  if (*kind == "follow") return parse_as<FollowLine>(*object, now_unix_ms);
  if (*kind == "empathy") return parse_as<EmpathyLine>(*object, now_unix_ms);
  return refuse(RefusalCode::unknown_kind, quoted(*kind));
}

std::string made_handle(std::string_view source, std::string_view id) {
  constexpr std::size_t bit_count = 80;
  constexpr std::string_view letters = "abcdefghijklmnopqrstuvwxyz234567";
  std::string input(source);
  input += '\n';
  input += id;
  std::array<unsigned char, crypto_hash_sha256_BYTES> hash;
  crypto_hash_sha256(hash.data(), reinterpret_cast<const unsigned char*>(input.data()),
                     input.size());
  std::string handle = "im_";
  for (std::size_t bit = 0; bit < bit_count; bit += 5) {
    // Five bits lie in at most two bytes.
    const unsigned pair = static_cast<unsigned>(hash[bit / 8]) << 8 | hash[bit / 8 + 1];
    handle += letters[pair >> (11 - bit % 8) & 31];
  }
  return handle;
}

std::string quoted(std::string_view text) { return '"' + printable(text, quoted_size_max) + '"'; }

}  // namespace matsuri::imports
