#include "import/internal/line_form.h"

#include <algorithm>
#include <utility>

#include "account/model.h"
#include "base/time.h"
#include "community/model.h"
#include "drawing/json.h"
#include "face/face.h"
#include "text/clean.h"
#include "timeline/model.h"

namespace matsuri::imports::internal {
namespace {

constexpr std::size_t source_size_max = 32;
constexpr std::size_t id_size_max = 64;
constexpr std::int64_t feeling_max = 5;

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

Error wrong(std::string_view key, std::string_view what) {
  return {Code::invalid, std::string(key) + ": " + std::string(what)};
}

// Absent is not null here: a field that stands there has its one form.
Result<std::string> text_or_absent(const json::Object& object, std::string_view key) {
  if (!object.find(key)) return std::string();
  TRY_ASSIGN(const std::string_view text, object.string(key));
  return std::string(text);
}

// A field that names something, and so is not empty where it stands there.
Result<std::string> name_or_absent(const json::Object& object, std::string_view key) {
  TRY_ASSIGN(std::string name, text_or_absent(object, key));
  if (object.find(key) && name.empty()) return wrong(key, "is empty");
  return name;
}

Result<std::string> name_of(const json::Object& object, std::string_view key) {
  TRY(object.string(key));
  return name_or_absent(object, key);
}

Result<std::int64_t> created_at_of(const json::Object& object) {
  TRY_ASSIGN(const json::Value value, object.value("created_at"));
  if (value.kind() == json::Kind::integer) return object.integer("created_at");
  if (value.kind() != json::Kind::string)
    return wrong("created_at", "expected a string or an integer");
  TRY_ASSIGN(const std::string_view text, value.string());
  const std::optional<std::int64_t> parsed = parse_rfc3339(text);
  if (!parsed) return wrong("created_at", "is not a time of RFC 3339");
  return *parsed;
}

Result<LineKey> key_of(const json::Object& object) {
  LineKey key;
  TRY_ASSIGN(const std::string_view source, object.string("source"));
  if (!is_source(source)) return wrong("source", "1 to 32 of a-z, 0-9 and -");
  TRY_ASSIGN(const std::string_view id, object.string("id"));
  if (!is_source_id(id)) return wrong("id", "1 to 64 bytes of visible ASCII are taken");
  key.source = source;
  key.id = id;
  TRY_ASSIGN(key.created_unix_ms, created_at_of(object));
  return key;
}

Result<std::vector<LocalName>> names_of(const json::Object& object) {
  TRY_ASSIGN(const json::Object names, object.object("names"));
  std::vector<LocalName> all;
  for (const json::Field& field : names) {
    const std::string path = "names." + std::string(field.key);
    if (!text::is_language_tag(field.key)) return wrong(path, "is not a tag of BCP 47");
    TRY_ASSIGN(const std::string_view text, within(path, field.value.string()));
    all.push_back({.language = std::string(field.key), .text = std::string(text)});
  }
  if (all.empty() || all.size() > community::name_count_max)
    return wrong("names",
                 "1 to " + std::to_string(community::name_count_max) + " of them are taken");
  return all;
}

// An array of strings; empty where it is absent.
Result<std::vector<std::string>> strings_of(const json::Object& object, std::string_view key) {
  std::vector<std::string> all;
  if (!object.find(key)) return all;
  TRY_ASSIGN(const json::Array array, object.array(key));
  for (const json::Value value : array) {
    TRY_ASSIGN(const std::string_view text, within(array.path_of(all.size()), value.string()));
    all.emplace_back(text);
  }
  return all;
}

Result<std::uint8_t> post_kinds_of(const json::Object& object) {
  if (!object.find("post_kinds")) return community::post_kinds_all;
  TRY_ASSIGN(const std::vector<std::string> words, strings_of(object, "post_kinds"));
  return within("post_kinds", community::parse_post_kinds(words));
}

}  // namespace

Result<void> read_form(const json::Object& object, UserLine& line, Drawn& /*drawn*/) {
  TRY_ASSIGN(line.key, key_of(object));
  TRY_ASSIGN(const std::string_view name, object.string("name"));
  line.name = name;
  TRY_ASSIGN(line.handle, text_or_absent(object, "handle"));
  TRY_ASSIGN(line.bio, text_or_absent(object, "bio"));
  if (object.find("face")) {
    TRY_ASSIGN(const std::string_view text, object.string("face"));
    TRY_ASSIGN(const face::Genome genome, within("face", face::parse_genome(text)));
    line.face = genome.bits;
  }
  return object.only({"kind", "source", "id", "created_at", "name", "handle", "bio", "face"});
}

Result<void> read_form(const json::Object& object, TitleLine& line, Drawn& /*drawn*/) {
  TRY_ASSIGN(line.key, key_of(object));
  TRY_ASSIGN(line.names, names_of(object));
  TRY_ASSIGN(line.platforms, strings_of(object, "platforms"));
  if (line.platforms.size() > community::platform_count_max)
    return wrong("platforms",
                 "at most " + std::to_string(community::platform_count_max) + " are taken");
  TRY_ASSIGN(line.publisher, text_or_absent(object, "publisher"));
  TRY_ASSIGN(line.crest, text_or_absent(object, "crest"));
  return object.only(
      {"kind", "source", "id", "created_at", "names", "platforms", "publisher", "crest"});
}

Result<void> read_form(const json::Object& object, CommunityLine& line, Drawn& /*drawn*/) {
  TRY_ASSIGN(line.key, key_of(object));
  TRY_ASSIGN(const std::string_view kind, object.string("community_kind"));
  TRY_ASSIGN(line.kind, within("community_kind", community::parse_kind(kind)));
  TRY_ASSIGN(line.title, name_or_absent(object, "title"));
  TRY_ASSIGN(line.owner, name_or_absent(object, "owner"));
  TRY_ASSIGN(line.names, names_of(object));
  TRY_ASSIGN(line.description, text_or_absent(object, "description"));
  TRY_ASSIGN(line.post_kinds, post_kinds_of(object));
  if (object.find("who_posts")) {
    TRY_ASSIGN(const std::string_view who, object.string("who_posts"));
    TRY_ASSIGN(line.who_posts, within("who_posts", community::parse_posters(who)));
  } else {
    line.who_posts = community::posters_of_new(line.kind);
  }
  TRY(object.only({"kind", "source", "id", "created_at", "community_kind", "title", "owner",
                   "names", "description", "post_kinds", "who_posts"}));
  const bool needs_title = line.kind == CommunityKind::main || line.kind == CommunityKind::user;
  if (needs_title && line.title.empty()) return wrong("title", "is missing");
  const bool needs_owner = line.kind == CommunityKind::user || line.who_posts == Posters::owner;
  if (needs_owner && line.owner.empty()) return wrong("owner", "is missing");
  return {};
}

Result<void> read_form(const json::Object& object, PostLine& line, Drawn& drawn) {
  TRY_ASSIGN(const std::string_view kind, object.string("kind"));
  TRY_ASSIGN(line.key, key_of(object));
  TRY_ASSIGN(line.author, name_of(object, "author"));
  const bool is_comment = kind == "comment";
  if (is_comment) {
    TRY_ASSIGN(line.post, name_of(object, "post"));
  } else {
    TRY_ASSIGN(line.community, name_or_absent(object, "community"));
    TRY_ASSIGN(line.in, name_or_absent(object, "in"));
    if (line.community.empty() == line.in.empty())
      return wrong("community", "this or `in` is needed");
  }
  line.has_text = object.find("text").has_value();
  TRY_ASSIGN(line.text, text_or_absent(object, "text"));
  if (object.find("drawing")) {
    TRY_ASSIGN(const json::Object drawing, object.object("drawing"));
    TRY_ASSIGN(drawn, within("drawing", drawing::from_json(drawing)));
  }
  if (!line.has_text && !drawn) return wrong("text", "this or `drawing` is needed");
  if (object.find("feeling")) {
    TRY_ASSIGN(const std::int64_t feeling, object.integer("feeling"));
    if (feeling < 0 || feeling > feeling_max) return wrong("feeling", "0 to 5 are taken");
    line.feeling = static_cast<std::uint8_t>(feeling);
  }
  if (object.find("spoiler")) {
    TRY_ASSIGN(line.spoiler, object.boolean("spoiler"));
  }
  TRY_ASSIGN(line.tag, text_or_absent(object, "tag"));
  TRY_ASSIGN(line.language, text_or_absent(object, "language"));
  if (object.find("language") && !text::is_language_tag(line.language))
    return wrong("language", "is not a tag of BCP 47");
  if (is_comment)
    return object.only({"kind", "source", "id", "created_at", "author", "post", "text", "drawing",
                        "feeling", "spoiler", "tag", "language"});
  return object.only({"kind", "source", "id", "created_at", "author", "community", "in", "text",
                      "drawing", "feeling", "spoiler", "tag", "language"});
}

Result<void> read_form(const json::Object& object, FollowLine& line, Drawn& /*drawn*/) {
  TRY_ASSIGN(line.key, key_of(object));
  TRY_ASSIGN(line.account, name_of(object, "account"));
  TRY_ASSIGN(line.target, name_or_absent(object, "target"));
  TRY_ASSIGN(line.in, name_or_absent(object, "in"));
  if (line.target.empty() == line.in.empty()) return wrong("target", "this or `in` is needed");
  return object.only({"kind", "source", "id", "created_at", "account", "target", "in"});
}

Result<void> read_form(const json::Object& object, EmpathyLine& line, Drawn& /*drawn*/) {
  TRY_ASSIGN(line.key, key_of(object));
  TRY_ASSIGN(line.account, name_of(object, "account"));
  TRY_ASSIGN(line.post, name_of(object, "post"));
  return object.only({"kind", "source", "id", "created_at", "account", "post"});
}

Result<void> clean_texts(UserLine& line) {
  TRY_ASSIGN(line.name, account::clean_name(line.name));
  TRY_ASSIGN(line.bio, account::clean_bio(line.bio));
  if (account::check_handle(line.handle).ok()) return {};
  line.handle = made_handle(line.key.source, line.key.id);
  line.handle_is_made = true;
  return {};
}

Result<void> clean_texts(TitleLine& line) {
  TRY_ASSIGN(community::NewTitle title,
             community::clean_title({.names = std::move(line.names),
                                     .platforms = std::move(line.platforms),
                                     .publisher = std::move(line.publisher),
                                     .crest = std::move(line.crest)}));
  line.names = std::move(title.names);
  line.platforms = std::move(title.platforms);
  line.publisher = std::move(title.publisher);
  line.crest = std::move(title.crest);
  return {};
}

Result<void> clean_texts(CommunityLine& line) {
  TRY_ASSIGN(line.names, community::clean_names(std::move(line.names)));
  TRY_ASSIGN(line.description, community::clean_description(line.description));
  return {};
}

Result<void> clean_texts(PostLine& line) {
  if (line.has_text) {
    TRY_ASSIGN(line.text, timeline::clean_post_text(line.text));
  }
  TRY_ASSIGN(line.tag, timeline::clean_tag(line.tag));
  return {};
}

Result<void> clean_texts(FollowLine& /*line*/) { return {}; }
Result<void> clean_texts(EmpathyLine& /*line*/) { return {}; }

}  // namespace matsuri::imports::internal
