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

const Fields title({{"kind", R"("title")"},
                    {"source", R"("old-forum")"},
                    {"id", R"("t1")"},
                    {"created_at", "1562403600000"},
                    {"names", R"({"en":"Lantern Road","ja":"提灯の道"})"},
                    {"platforms", R"(["pc"])"},
                    {"publisher", R"("Paper Boat")"},
                    {"crest", R"("灯")"}});
const Fields community({{"kind", R"("community")"},
                        {"source", R"("old-forum")"},
                        {"id", R"("c2")"},
                        {"created_at", "1562403600000"},
                        {"community_kind", R"("user")"},
                        {"title", R"("t1")"},
                        {"owner", R"("u2")"},
                        {"names", R"({"en":"Only drawings"})"},
                        {"post_kinds", R"(["drawing"])"}});
const Fields comment({{"kind", R"("comment")"},
                      {"source", R"("old-forum")"},
                      {"id", R"("1")"},
                      {"created_at", "1562403600000"},
                      {"author", R"("u1")"},
                      {"post", R"("78")"},
                      {"text", R"("きれい!")"}});
const Fields follow({{"kind", R"("follow")"},
                     {"source", R"("old-forum")"},
                     {"id", R"("f1")"},
                     {"created_at", "1562403600000"},
                     {"account", R"("u1")"},
                     {"target", R"("u2")"}});
const Fields empathy({{"kind", R"("empathy")"},
                      {"source", R"("old-forum")"},
                      {"id", R"("e1")"},
                      {"created_at", "1562403600000"},
                      {"account", R"("u1")"},
                      {"post", R"("78")"}});
const std::string drawn = R"({"strokes":[{"pen":2,"points":[400,120,0,880,360,350]}]})";

template <class AnyLine>
AnyLine taken_as(const Fields& fields) {
  const auto parsed = parse_line(fields.line(), now_unix_ms);
  EXPECT_TRUE(parsed) << fields.line();
  return parsed ? std::get<AnyLine>(*parsed) : AnyLine{};
}

TEST(Line, AUserMaySayMore) {
  const Fields more =
      user.with("bio", R"(" lights\r\nlanterns ")").with("face", R"("fedcba9876543210")");
  EXPECT_EQ(taken_as<UserLine>(more).bio, "lights\nlanterns");
  EXPECT_EQ(taken_as<UserLine>(more).face, 0xfedcba9876543210U);
  EXPECT_EQ(taken_as<UserLine>(user).face, 0U);
  EXPECT_EQ(verdict(user.with("bio", string(160))), "taken");
  EXPECT_EQ(verdict(user.with("bio", string(0))), "taken");
  EXPECT_EQ(verdict(user.with("bio", string(161))), "text_invalid");
  for (const char* json : {R"("")", R"("fedcba987654321")", R"("FEDCBA9876543210")", "1"})
    EXPECT_EQ(verdict(user.with("face", json)), "bad_field") << json;
}

TEST(Line, ATitleIsTaken) {
  const auto taken = taken_as<TitleLine>(title);
  EXPECT_EQ(taken.names.size(), 2U);
  EXPECT_EQ(taken.platforms, std::vector<std::string>{"pc"});
  EXPECT_EQ(taken.publisher, "Paper Boat");
  EXPECT_EQ(taken.crest, "灯");
  EXPECT_EQ(verdict(title.without("platforms").without("publisher").without("crest")), "taken");
  for (const char* json : {"{}", "[]", R"({"en":1})", R"({"e_n":"x"})"})
    EXPECT_EQ(verdict(title.with("names", json)), "bad_field") << json;
  EXPECT_EQ(verdict(title.with("names", "{\"en\":" + string(128) + "}")), "taken");
  EXPECT_EQ(verdict(title.with("names", "{\"en\":" + string(129) + "}")), "text_invalid");
  EXPECT_EQ(verdict(title.with("publisher", string(80))), "taken");
  EXPECT_EQ(verdict(title.with("publisher", string(81))), "text_invalid");
  EXPECT_EQ(verdict(title.with("crest", R"("ab")")), "text_invalid");
  EXPECT_EQ(verdict(title.with("platforms", "[1]")), "bad_field");
}

TEST(Line, ACommunityIsTaken) {
  const auto taken = taken_as<CommunityLine>(community);
  EXPECT_EQ(taken.kind, CommunityKind::user);
  EXPECT_EQ(taken.title, "t1");
  EXPECT_EQ(taken.owner, "u2");
  EXPECT_EQ(taken.post_kinds, post_kind_drawing);
  EXPECT_EQ(taken.who_posts, Posters::everyone);
  const Fields news =
      community.with("community_kind", R"("announcement")").without("title").without("owner");
  EXPECT_EQ(taken_as<CommunityLine>(news).who_posts, Posters::staff);
  EXPECT_EQ(verdict(community.without("owner")), "bad_field");
  EXPECT_EQ(verdict(community.without("title")), "bad_field");
  EXPECT_EQ(verdict(news.with("who_posts", R"("owner")")), "bad_field");
  EXPECT_EQ(verdict(news.with("who_posts", R"("friends")")), "bad_field");
  EXPECT_EQ(verdict(community.with("community_kind", R"("club")")), "bad_field");
  EXPECT_EQ(verdict(community.with("post_kinds", R"(["text","text"])")), "bad_field");
  EXPECT_EQ(verdict(community.with("post_kinds", "[]")), "bad_field");
  EXPECT_EQ(verdict(community.with("description", string(500))), "taken");
  EXPECT_EQ(verdict(community.with("description", string(501))), "text_invalid");
}

TEST(Line, APostIsInOnePlace) {
  EXPECT_EQ(taken_as<PostLine>(post.without("community").with("in", R"("c2")")).in, "c2");
  EXPECT_EQ(verdict(post.with("in", R"("c2")")), "bad_field");
  EXPECT_EQ(taken_as<PostLine>(comment).post, "78");
  EXPECT_TRUE(taken_as<PostLine>(comment).is_comment());
  EXPECT_EQ(verdict(comment.with("in", R"("c2")")), "bad_field");
  EXPECT_EQ(verdict(comment.without("post")), "bad_field");
}

TEST(Line, APostIsWrittenOrDrawn) {
  const auto both = taken_as<PostLine>(post.with("drawing", drawn));
  EXPECT_FALSE(both.text.empty());
  EXPECT_FALSE(both.drawing.empty());
  const auto alone = taken_as<PostLine>(post.without("text").with("drawing", drawn));
  EXPECT_TRUE(alone.text.empty());
  EXPECT_EQ(alone.drawing, both.drawing);
  EXPECT_EQ(verdict(post.without("text")), "bad_field");
  EXPECT_EQ(verdict(post.with("text", R"("")").with("drawing", drawn)), "text_invalid");
  EXPECT_EQ(verdict(post.with("drawing", R"({"strokes":[{"pen":2,"points":[1,2]}]})")),
            "bad_field");
  for (const char* json : {R"({"strokes":[]})", R"({"strokes":[{"pen":2,"points":[]}]})",
                           R"({"strokes":[{"pen":4,"points":[1,2,3]}]})",
                           R"({"strokes":[{"pen":2,"points":[1,2,60001]}]})",
                           R"({"strokes":[{"pen":2,"eraser":true,"points":[400,120,0]}]})"})
    EXPECT_EQ(verdict(post.with("drawing", json)), "drawing_invalid") << json;
}

TEST(Line, APostMayCarryMore) {
  const auto taken = taken_as<PostLine>(
      post.with("feeling", "5").with("spoiler", "true").with("tag", R"(" question ")"));
  EXPECT_EQ(taken.feeling, 5);
  EXPECT_TRUE(taken.spoiler);
  EXPECT_EQ(taken.tag, "question");
  for (const char* json : {"6", "-1", "1.0", "\"1\"", "null"})
    EXPECT_EQ(verdict(post.with("feeling", json)), "bad_field") << json;
  EXPECT_EQ(verdict(post.with("spoiler", "1")), "bad_field");
  EXPECT_EQ(verdict(post.with("tag", string(50))), "taken");
  EXPECT_EQ(verdict(post.with("tag", string(51))), "text_invalid");
}

TEST(Line, FollowsAndEmpathiesAreTaken) {
  EXPECT_EQ(taken_as<FollowLine>(follow).target, "u2");
  EXPECT_EQ(taken_as<FollowLine>(follow.without("target").with("in", R"("c2")")).in, "c2");
  EXPECT_EQ(verdict(follow.with("in", R"("c2")")), "bad_field");
  EXPECT_EQ(verdict(follow.without("target")), "bad_field");
  EXPECT_EQ(verdict(follow.without("account")), "bad_field");
  EXPECT_EQ(taken_as<EmpathyLine>(empathy).post, "78");
  EXPECT_EQ(verdict(empathy.without("post")), "bad_field");
  EXPECT_EQ(verdict(empathy.with("text", R"("x")")), "bad_field");
  EXPECT_EQ(verdict(empathy.with("created_at", "0")), "time_before_2010");
}

}  // namespace
}  // namespace matsuri::imports
