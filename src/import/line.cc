#include "import/line.h"

#include <sodium.h>

#include <algorithm>
#include <utility>

#include "account/model.h"
#include "base/result.h"
#include "base/time.h"
#include "json/value.h"
#include "model/ids.h"
#include "text/clean.h"
#include "timeline/model.h"

namespace matsuri::imports {
namespace {

constexpr std::size_t source_size_max = 32;
constexpr std::size_t id_size_max = 64;
constexpr std::size_t detail_size_max = 200;
constexpr std::size_t quoted_size_max = 64;

constexpr std::array<std::string_view, refusal_code_count> code_names = {
    "line_too_long", "bad_json",     "unknown_kind", "bad_field",      "time_before_2010",
    "time_ahead",    "text_invalid", "handle_taken", "unknown_author", "unknown_community"};

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

std::unexpected<Refusal> bad_field(const Error& error) {
  return refuse(RefusalCode::bad_field, error.message());
}

template <class Is>
bool all(std::string_view text, std::size_t size_min, std::size_t size_max, Is is) {
  return text.size() >= size_min && text.size() <= size_max && std::ranges::all_of(text, is);
}

bool is_source(std::string_view text) {
  return all(text, 1, source_size_max,
             [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; });
}

bool is_source_id(std::string_view text) {
  return all(text, 1, id_size_max, [](char c) { return c > ' ' && c <= '~'; });
}

// Absent is not null here: a field that stands there has its one form.
Result<std::string_view> string_or_absent(const json::Object& object, std::string_view key) {
  if (!object.find(key)) return std::string_view();
  return object.string(key);
}

struct Common {
  std::string_view source;
  std::string_view id;
  std::int64_t created_unix_ms = 0;
};

Result<std::int64_t> created_at_of(const json::Object& object) {
  TRY_ASSIGN(const json::Value value, object.value("created_at"));
  if (value.kind() == json::Kind::integer) return object.integer("created_at");
  if (value.kind() != json::Kind::string)
    return Error(Code::invalid, "created_at: expected a string or an integer");
  TRY_ASSIGN(const std::string_view text, value.string());
  const std::optional<std::int64_t> parsed = parse_rfc3339(text);
  if (!parsed) return Error(Code::invalid, "created_at: is not a time of RFC 3339");
  return *parsed;
}

Result<Common> common_of(const json::Object& object) {
  Common common;
  TRY_ASSIGN(common.source, object.string("source"));
  if (!is_source(common.source)) return Error(Code::invalid, "source: 1 to 32 of a-z, 0-9 and -");
  TRY_ASSIGN(common.id, object.string("id"));
  if (!is_source_id(common.id))
    return Error(Code::invalid, "id: 1 to 64 bytes of visible ASCII are taken");
  TRY_ASSIGN(common.created_unix_ms, created_at_of(object));
  return common;
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

std::expected<Line, Refusal> parse_user(const json::Object& object, std::int64_t now_unix_ms) {
  const auto common = common_of(object);
  if (!common.ok()) return bad_field(common.error());
  const auto name = object.string("name");
  if (!name.ok()) return bad_field(name.error());
  const auto handle = string_or_absent(object, "handle");
  if (!handle.ok()) return bad_field(handle.error());
  const auto only = object.only({"kind", "source", "id", "created_at", "name", "handle"});
  if (!only.ok()) return bad_field(only.error());

  if (auto time = check_time(common->created_unix_ms, now_unix_ms); !time)
    return std::unexpected(std::move(time).error());
  auto cleaned = account::clean_name(*name);
  if (!cleaned.ok()) return refuse(RefusalCode::text_invalid, cleaned.error().message());
  UserLine user{.source = std::string(common->source),
                .id = std::string(common->id),
                .created_unix_ms = common->created_unix_ms,
                .name = std::move(*cleaned),
                .handle = std::string(*handle)};
  if (!account::check_handle(user.handle).ok()) {
    user.handle = made_handle(user.source, user.id);
    user.handle_is_made = true;
  }
  return user;
}

std::expected<Line, Refusal> parse_post(const json::Object& object, std::int64_t now_unix_ms) {
  const auto common = common_of(object);
  if (!common.ok()) return bad_field(common.error());
  const auto author = object.string("author");
  if (!author.ok()) return bad_field(author.error());
  const auto community = object.string("community");
  if (!community.ok()) return bad_field(community.error());
  const auto text = object.string("text");
  if (!text.ok()) return bad_field(text.error());
  const auto language = string_or_absent(object, "language");
  if (!language.ok()) return bad_field(language.error());
  if (object.find("language") && !text::is_language_tag(*language))
    return refuse(RefusalCode::bad_field, "language: is not a tag of BCP 47");
  const auto only = object.only(
      {"kind", "source", "id", "created_at", "author", "community", "text", "language"});
  if (!only.ok()) return bad_field(only.error());

  if (auto time = check_time(common->created_unix_ms, now_unix_ms); !time)
    return std::unexpected(std::move(time).error());
  auto cleaned = timeline::clean_post_text(*text);
  if (!cleaned.ok()) return refuse(RefusalCode::text_invalid, cleaned.error().message());
  return PostLine{.source = std::string(common->source),
                  .id = std::string(common->id),
                  .created_unix_ms = common->created_unix_ms,
                  .author = std::string(*author),
                  .community = std::string(*community),
                  .text = std::move(*cleaned),
                  .language = std::string(*language)};
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
  if (*kind == "user") return parse_user(*object, now_unix_ms);
  if (*kind == "post") return parse_post(*object, now_unix_ms);
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
