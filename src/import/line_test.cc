// Goal: each line is taken, or refused for the first reason that docs/formats/import.md names.
// Method: lines that are good but for one thing, at each limit and one past it.
#include "import/line.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace matsuri::imports {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::int64_t now_unix_ms = 1'700'000'000'000;

// Fields of an object as they stand in JSON; a test changes one of them.
class Fields {
 public:
  explicit Fields(std::vector<std::pair<std::string, std::string>> fields)
      : fields_(std::move(fields)) {}

  Fields with(const std::string& key, const std::string& json) const {
    Fields changed = without(key);
    changed.fields_.emplace_back(key, json);
    return changed;
  }
  Fields without(const std::string& key) const {
    Fields changed = *this;
    std::erase_if(changed.fields_, [&](const auto& field) { return field.first == key; });
    return changed;
  }
  std::string line() const {
    std::string text = "{";
    for (const auto& [key, json] : fields_) {
      if (text.size() > 1) text += ',';
      text += '"' + key + "\":" + json;
    }
    return text + '}';
  }

 private:
  std::vector<std::pair<std::string, std::string>> fields_;
};

const Fields user({{"kind", R"("user")"},
                   {"source", R"("old-forum")"},
                   {"id", R"("u1")"},
                   {"created_at", R"("2019-07-06T09:00:00Z")"},
                   {"handle", R"("hotaru")"},
                   {"name", R"("ほたる")"}});
const Fields post({{"kind", R"("post")"},
                   {"source", R"("old-forum")"},
                   {"id", R"("77")"},
                   {"created_at", R"("2019-07-06T18:30:00.250+09:00")"},
                   {"author", R"("u1")"},
                   {"community", R"("1")"},
                   {"text", R"("提灯が灯った!")"},
                   {"language", R"("ja")"}});

std::string string(std::size_t size, char c = 'a') { return '"' + std::string(size, c) + '"'; }

std::string repeat(std::size_t count, const std::string& text) {
  std::string all = "\"";
  for (std::size_t i = 0; i < count; ++i) all += text;
  return all + '"';
}

// "taken", or the code.
std::string verdict(const std::string& line) {
  const auto parsed = parse_line(line, now_unix_ms);
  return parsed ? "taken" : std::string(name_of(parsed.error().code));
}
std::string verdict(const Fields& fields) { return verdict(fields.line()); }

std::string detail(const std::string& line) {
  const auto parsed = parse_line(line, now_unix_ms);
  return parsed ? "" : parsed.error().detail;
}
std::string detail(const Fields& fields) { return detail(fields.line()); }

TEST(Line, AUserIsTaken) {
  const auto parsed = parse_line(user.line(), now_unix_ms);
  ASSERT_TRUE(parsed);
  const auto& taken = std::get<UserLine>(*parsed);
  EXPECT_EQ(taken.key.source, "old-forum");
  EXPECT_EQ(taken.key.id, "u1");
  EXPECT_EQ(taken.key.created_unix_ms, 1'562'403'600'000);
  EXPECT_EQ(taken.name, "ほたる");
  EXPECT_EQ(taken.handle, "hotaru");
  EXPECT_FALSE(taken.handle_is_made);
}

TEST(Line, APostIsTaken) {
  const auto parsed = parse_line(post.line(), now_unix_ms);
  ASSERT_TRUE(parsed);
  const auto& taken = std::get<PostLine>(*parsed);
  EXPECT_EQ(taken.key.source, "old-forum");
  EXPECT_EQ(taken.key.id, "77");
  EXPECT_EQ(taken.key.created_unix_ms, 1'562'405'400'250);
  EXPECT_EQ(taken.author, "u1");
  EXPECT_EQ(taken.community, "1");
  EXPECT_EQ(taken.text, "提灯が灯った!");
  EXPECT_EQ(taken.language, "ja");
}

TEST(Line, TextsAreCleaned) {
  const auto parsed = parse_line(post.with("text", R"(" か\u3099\r\n祭 ")").line(), now_unix_ms);
  ASSERT_TRUE(parsed);
  EXPECT_EQ(std::get<PostLine>(*parsed).text, "が\n祭");
}

TEST(Line, WhiteSpaceAloneIsBlank) {
  EXPECT_TRUE(is_blank(""));
  EXPECT_TRUE(is_blank(" \t\r"));
  EXPECT_FALSE(is_blank(" {"));
  EXPECT_FALSE(is_blank("\v"));
}

TEST(Line, WhatIsNoObjectIsBadJson) {
  for (const std::string line :
       {"[]", "{", "\"user\"", "{}{}", "\xef\xbb\xbf{}", "{\"kind\":\"user\xff\"}", "nul"})
    EXPECT_EQ(verdict(line), "bad_json") << line;
  EXPECT_EQ(verdict(R"({"kind":"post","kind":"post"})"), "bad_json");
  EXPECT_EQ(verdict(std::string(100, '[') + std::string(100, ']')), "bad_json");
}

TEST(Line, ALineAtTheLimitIsRead) {
  std::string line = post.line();
  line.append(line_size_max - line.size(), ' ');
  EXPECT_EQ(verdict(line), "taken");
}

TEST(Line, KindsThatAreNotKnownAreRefused) {
  EXPECT_EQ(verdict(post.with("kind", R"("poll")")), "unknown_kind");
  EXPECT_EQ(detail(post.with("kind", R"("poll")")), "\"poll\"");
  EXPECT_EQ(verdict(post.without("kind")), "unknown_kind");
  EXPECT_EQ(verdict(post.with("kind", "1")), "unknown_kind");
  EXPECT_EQ(verdict(std::string("{}")), "unknown_kind");
}

TEST(Line, EveryFieldIsNeededButTwo) {
  for (const char* key : {"source", "id", "created_at", "name"}) {
    EXPECT_EQ(verdict(user.without(key)), "bad_field") << key;
    EXPECT_THAT(detail(user.without(key)), HasSubstr(key));
  }
  for (const char* key : {"source", "id", "created_at", "author", "community", "text"}) {
    EXPECT_EQ(verdict(post.without(key)), "bad_field") << key;
    EXPECT_THAT(detail(post.without(key)), HasSubstr(key));
  }
  EXPECT_EQ(verdict(user.without("handle")), "taken");
  EXPECT_EQ(verdict(post.without("language")), "taken");
}

TEST(Line, EveryFieldHasItsForm) {
  for (const char* key : {"source", "id", "name", "handle"})
    for (const char* json : {"null", "1", "[]", "{}", "true"})
      EXPECT_EQ(verdict(user.with(key, json)), "bad_field") << key << json;
  for (const char* key : {"source", "id", "author", "community", "text", "language"})
    for (const char* json : {"null", "1", "[]", "{}", "true"})
      EXPECT_EQ(verdict(post.with(key, json)), "bad_field") << key << json;
  for (const char* json : {"null", "1.5", "[]", "true", "\"\"", "\"yesterday\"", "\"2019-07-06\"",
                           "\"2019-07-06T09:00:00\"", "\"2019-07-06T09:00:60Z\"",
                           "\"2019-02-29T09:00:00Z\"", "9223372036854775808"})
    EXPECT_EQ(verdict(post.with("created_at", json)), "bad_field") << json;
}

TEST(Line, FieldsThatAreNotKnownAreRefused) {
  EXPECT_EQ(verdict(user.with("text", R"("x")")), "bad_field");
  EXPECT_EQ(verdict(post.with("name", R"("x")")), "bad_field");
  EXPECT_THAT(detail(post.with("colour", "1")), HasSubstr("colour"));
}

TEST(Line, SourcesAndIdsHaveLimits) {
  EXPECT_EQ(verdict(post.with("source", string(32))), "taken");
  EXPECT_EQ(verdict(post.with("source", R"("a-0-z-9")")), "taken");
  for (const std::string& json : {string(33), string(0), string(1, 'A'), string(1, '_'),
                                  string(1, ' '), std::string("\"祭\"")})
    EXPECT_EQ(verdict(post.with("source", json)), "bad_field") << json;

  EXPECT_EQ(verdict(post.with("id", string(64))), "taken");
  EXPECT_EQ(verdict(post.with("id", R"("!~:/?")")), "taken");
  for (const std::string& json : {string(65), string(0), string(1, ' '), std::string("\"\\n\""),
                                  std::string("\"\\u007f\""), std::string("\"祭\"")})
    EXPECT_EQ(verdict(post.with("id", json)), "bad_field") << json;
}

TEST(Line, LanguagesAreTags) {
  for (const char* json : {R"("en")", R"("zh-Hant")", R"("es-419")"})
    EXPECT_EQ(verdict(post.with("language", json)), "taken") << json;
  for (const std::string& json : {string(0), string(1), string(36), std::string("\"en_GB\""),
                                  std::string("\"en-\""), std::string("\"日本\"")})
    EXPECT_EQ(verdict(post.with("language", json)), "bad_field") << json;
}

TEST(Line, TimesHaveTwoEnds) {
  EXPECT_EQ(verdict(post.with("created_at", "1262304000000")), "taken");
  EXPECT_EQ(verdict(post.with("created_at", "1262303999999")), "time_before_2010");
  EXPECT_EQ(verdict(post.with("created_at", R"("2010-01-01T00:00:00Z")")), "taken");
  EXPECT_EQ(verdict(post.with("created_at", R"("2009-12-31T23:59:59.9999Z")")), "time_before_2010");
  EXPECT_EQ(verdict(post.with("created_at", "1700000000000")), "taken");
  EXPECT_EQ(verdict(post.with("created_at", "1700000000001")), "time_ahead");
  EXPECT_EQ(verdict(post.with("created_at", "9223372036854775807")), "time_ahead");
  EXPECT_EQ(verdict(post.with("created_at", "-9223372036854775808")), "time_before_2010");
  EXPECT_EQ(verdict(user.with("created_at", "0")), "time_before_2010");
  EXPECT_EQ(verdict(user.with("created_at", "1700000000001")), "time_ahead");
  EXPECT_EQ(detail(post.with("created_at", R"("2009-07-06T09:31:00Z")")),
            "created_at: 2009-07-06T09:31:00.000Z");
}

TEST(Line, TimesBeyondWhatIdsHoldAreAhead) {
  const auto parsed =
      parse_line(post.with("created_at", "4000000000000").line(), 5'000'000'000'000);
  ASSERT_FALSE(parsed);
  EXPECT_EQ(parsed.error().code, RefusalCode::time_ahead);
}

TEST(Line, TextsHaveLimits) {
  EXPECT_EQ(verdict(post.with("text", string(1))), "taken");
  EXPECT_EQ(verdict(post.with("text", string(280))), "taken");
  EXPECT_EQ(verdict(post.with("text", string(281))), "text_invalid");
  EXPECT_EQ(verdict(post.with("text", repeat(280, "🏮"))), "taken");
  EXPECT_EQ(verdict(post.with("text", repeat(281, "🏮"))), "text_invalid");
  for (const char* json : {R"("")", R"(" ")", R"("\u0000")", R"("\u200b")", R"("\ufdd0")"})
    EXPECT_EQ(verdict(post.with("text", json)), "text_invalid") << json;
}

TEST(Line, NamesHaveLimits) {
  EXPECT_EQ(verdict(user.with("name", string(1))), "taken");
  EXPECT_EQ(verdict(user.with("name", repeat(40, "祭"))), "taken");
  EXPECT_EQ(verdict(user.with("name", repeat(41, "祭"))), "text_invalid");
  for (const char* json : {R"("")", R"("a\nb")", R"("\u202eabc")"})
    EXPECT_EQ(verdict(user.with("name", json)), "text_invalid") << json;
}

TEST(Line, TheFirstReasonCounts) {
  const Fields wrong = post.with("text", R"("")").with("created_at", "0").with("colour", "1");
  EXPECT_EQ(verdict(wrong.with("kind", "0")), "unknown_kind");
  EXPECT_EQ(verdict(wrong), "bad_field");
  EXPECT_EQ(verdict(wrong.without("colour")), "time_before_2010");
  EXPECT_EQ(verdict(wrong.without("colour").with("created_at", "1700000000001")), "time_ahead");
  EXPECT_EQ(verdict(wrong.without("colour").with("created_at", "1600000000000")), "text_invalid");
}

TEST(Line, AHandleThatCannotBeIsMade) {
  for (const std::string& json : {string(2), string(21), std::string(R"("Hotaru")"),
                                  std::string(R"("1abc")"), std::string(R"("a b")"), string(0)}) {
    const auto parsed = parse_line(user.with("handle", json).line(), now_unix_ms);
    ASSERT_TRUE(parsed) << json;
    EXPECT_TRUE(std::get<UserLine>(*parsed).handle_is_made) << json;
    EXPECT_EQ(std::get<UserLine>(*parsed).handle, made_handle("old-forum", "u1"));
  }
  for (const std::string& json : {string(3), string(20)}) {
    const auto parsed = parse_line(user.with("handle", json).line(), now_unix_ms);
    ASSERT_TRUE(parsed) << json;
    EXPECT_FALSE(std::get<UserLine>(*parsed).handle_is_made) << json;
  }
}

TEST(Line, TheMadeHandleIsTheDocumentedOne) {
  EXPECT_EQ(made_handle("old-forum", "u2"), "im_jyqdovupyxihiy7h");
}

TEST(Line, DetailsAreFitForATerminal) {
  const std::string hostile = detail(post.with("kind", R"("\u001b[2Jx\u009bz\u007f")"));
  EXPECT_EQ(hostile, "\"?[2Jx?z?\"");
  const std::string long_kind = detail(post.with("kind", repeat(2000, "祭")));
  EXPECT_LE(long_kind.size(), 220U);
  EXPECT_THAT(long_kind, HasSubstr("…"));
  EXPECT_LE(detail(post.with(std::string(60'000, 'k'), "1")).size(), 220U);
}

}  // namespace
}  // namespace matsuri::imports
