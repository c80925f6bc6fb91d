#include "json/value.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <thread>
#include <vector>

namespace matsuri::json {
namespace {

std::string fault(const auto& result) {
  if (result.ok()) return "none";
  EXPECT_EQ(result.error().code(), Code::invalid);
  return result.error().message();
}

Document parsed(std::string_view text) {
  auto document = Document::parse(text);
  EXPECT_TRUE(document.ok()) << text;
  return std::move(document).value();
}

TEST(JsonValue, GivesEveryKind) {
  const Document document = parsed(
      R"({"null":null,"yes":true,"no":false,"int":-7,"big":18446744073709551615,"float":1.5e3,)"
      R"("text":"祭り\n\u00e9","id":"9223372036854775807","list":[1,[2],{"a":3}],"object":{}})");
  const Object object = document.object().value();
  EXPECT_TRUE(object.find("null")->is_null());
  EXPECT_TRUE(object.boolean("yes").value());
  EXPECT_FALSE(object.boolean("no").value());
  EXPECT_EQ(object.integer("int").value(), -7);
  EXPECT_EQ(object.unsigned_integer("big").value(), std::numeric_limits<std::uint64_t>::max());
  EXPECT_EQ(object.number("float").value(), 1500.0);
  EXPECT_EQ(object.number("int").value(), -7.0);
  EXPECT_EQ(object.string("text").value(), "祭り\né");
  EXPECT_EQ(object.id("id").value(), 9223372036854775807U);
  EXPECT_EQ(object.object("object").value().size(), 0U);
  EXPECT_EQ(object.size(), 10U);
  const Array list = object.array("list").value();
  EXPECT_EQ(list.size(), 3U);
  std::vector<Kind> kinds;
  for (const Value value : list) kinds.push_back(value.kind());
  EXPECT_EQ(kinds, (std::vector{Kind::integer, Kind::array, Kind::object}));
}

TEST(JsonValue, VisitsFieldsInTheirOrder) {
  const Document document = parsed(R"({"b":[1,2,{"x":[]}],"a":"deep","":{"y":{}}})");
  const Object object = document.object().value();
  std::string keys;
  std::vector<Kind> kinds;
  for (const Field field : object) {
    keys += std::string(field.key) + ",";
    kinds.push_back(field.value.kind());
  }
  EXPECT_EQ(keys, "b,a,,");
  EXPECT_EQ(kinds, (std::vector{Kind::array, Kind::string, Kind::object}));
}

TEST(JsonValue, NamesTheFieldItComplainsAbout) {
  const Document document =
      parsed(R"({"text":7,"on":"x","n":1.0,"neg":-1,"huge":9223372036854775808,"id":"007",)"
             R"("author":{"id":5,"tags":["a"]},"list":{}})");
  const Object object = document.object().value();
  EXPECT_EQ(fault(object.string("text")), "text: expected a string");
  EXPECT_EQ(fault(object.string("gone")), "gone: is missing");
  EXPECT_EQ(fault(object.boolean("on")), "on: expected true or false");
  EXPECT_EQ(fault(object.integer("n")), "n: expected a whole number");
  EXPECT_EQ(fault(object.unsigned_integer("neg")), "neg: is out of range");
  EXPECT_EQ(fault(object.integer("huge")), "huge: is out of range");
  EXPECT_EQ(fault(object.number("on")), "on: expected a number");
  EXPECT_EQ(fault(object.id("id")), "id: expected an id: decimal digits in a string");
  EXPECT_EQ(fault(object.array("list")), "list: expected an array");
  EXPECT_EQ(fault(object.object("text")), "text: expected an object");
  EXPECT_EQ(fault(object.only({"text", "on"})), "n: is not known here");
  const Object author = object.object("author").value();
  EXPECT_EQ(fault(author.id("id")), "author.id: expected a string");
  EXPECT_EQ(fault(author.only({"id"})), "author.tags: is not known here");
  EXPECT_EQ(author.array("tags").value().path_of(2), "author.tags[2]");
  EXPECT_EQ(fault(parsed("[]").object()), "expected an object");
  EXPECT_TRUE(author.only({"tags", "id", "more"}).ok());
}

TEST(JsonValue, OptionalFieldsMayBeMissingOrNull) {
  const Document document = parsed(R"({"a":null,"b":"x","c":1,"d":"12","e":true})");
  const Object object = document.object().value();
  EXPECT_EQ(object.optional_string("gone").value(), std::nullopt);
  EXPECT_EQ(object.optional_string("a").value(), std::nullopt);
  EXPECT_EQ(object.optional_string("b").value(), "x");
  EXPECT_EQ(object.optional_integer("c").value(), 1);
  EXPECT_EQ(object.optional_id("d").value(), 12U);
  EXPECT_EQ(object.optional_boolean("e").value(), true);
  EXPECT_EQ(fault(object.optional_string("c")), "c: expected a string");
  EXPECT_EQ(fault(object.optional_id("c")), "c: expected a string");
}

TEST(JsonValue, IdsHaveOneForm) {
  EXPECT_EQ(parse_id("1").value(), 1U);
  for (const char* text : {"", "0", "01", "-1", "+1", " 1", "1 ", "1.0", "0x1", "١",
                           "9223372036854775808", "99999999999999999999"}) {
    EXPECT_FALSE(parse_id(text).ok()) << text;
  }
}

TEST(JsonDocument, HoldsItsLimits) {
  for (const std::size_t depth : {1U, 2U, 32U, 1000U}) {
    const auto nested = [](std::size_t levels) {
      return std::string(levels, '[') + "1" + std::string(levels, ']');
    };
    const Limits limits{.depth_max = depth};
    EXPECT_TRUE(Document::parse(nested(depth), limits).ok()) << depth;
    EXPECT_EQ(fault(Document::parse(nested(depth + 1), limits)),
              "is nested more than " + std::to_string(depth) + " deep");
  }
  EXPECT_TRUE(Document::parse("[12]", {.size_max = 4}).ok());
  EXPECT_EQ(fault(Document::parse("[123]", {.size_max = 4})), "has 5 bytes, at most 4 are taken");
  EXPECT_EQ(fault(Document::parse("")), "is empty, JSON was expected");
  EXPECT_TRUE(fault(Document::parse("{\"a\":}")).starts_with("is not JSON: "));
}

// One parser serves all texts of a thread: what one text asked for must not leak into the next.
TEST(JsonDocument, ChangingSizesAndDepthsDoNotDisturbEachOther) {
  const std::string large = "[" + std::string(200'000, ' ') + "1]";
  const std::string middle = "[" + std::string(30'000, ' ') + "2]";
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(Document::parse("[[3]]", {.depth_max = 2}).ok());
    EXPECT_TRUE(Document::parse(middle, {.depth_max = 5}).ok());
    EXPECT_FALSE(Document::parse("[[[3]]]", {.depth_max = 2}).ok());
    EXPECT_TRUE(Document::parse(large, {.depth_max = 1}).ok());
    EXPECT_FALSE(Document::parse("[1", {}).ok());
    EXPECT_TRUE(Document::parse(middle, {}).ok());
  }
}

TEST(JsonDocument, ValuesOutliveTheTextAndAMove) {
  std::string text = R"({"key":"a string that is too long to hide in a small buffer"})";
  Document first = parsed(text);
  const std::string_view value = first.object().value().string("key").value();
  const Value root = first.root();
  std::ranges::fill(text, 'x');
  const Document second = parsed(R"({"key":"another"})");
  Document third = std::move(first);
  EXPECT_EQ(value, "a string that is too long to hide in a small buffer");
  EXPECT_EQ(root.object().value().string("key").value(), value);
  EXPECT_EQ(third.object().value().string("key").value(), value);
  EXPECT_EQ(second.object().value().string("key").value(), "another");
}

TEST(JsonDocument, RefusesAKeyThatStandsTwiceAtAnyDepth) {
  for (const char* text : {R"({"a":1,"a":1})", R"({"a":1,"b":2,"\u0061":3})",
                           R"([{"x":{"y":[{"k":1,"l":2,"k":3}]}}])"}) {
    EXPECT_EQ(fault(Document::parse(text)), "has a key twice in one object") << text;
    EXPECT_TRUE(Document::parse(text, {.duplicate_keys = true}).ok());
  }
  EXPECT_TRUE(Document::parse(R"([{"a":{"a":1}},{"a":2,"A":3,"":4}])").ok());
}

// What a decoder lets through as half a surrogate pair is no UTF-8 and would poison all behind it.
TEST(JsonDocument, RefusesEveryLoneSurrogate) {
  for (unsigned half = 0xD800; half <= 0xDFFF; ++half) {
    char text[32];
    for (const char* form : {"[\"\\u%04x\"]", "[\"\\u%04xx\"]", "[\"\\u%04x\\n\"]",
                             "[\"\\u%04x\\u0041\"]", "{\"\\u%04X\":1}"}) {
      std::snprintf(text, sizeof text, form, half);
      EXPECT_FALSE(Document::parse(text).ok()) << text;
    }
    std::snprintf(text, sizeof text, "[\"\\ud800\\u%04x\"]", half);
    EXPECT_EQ(Document::parse(text).ok(), half >= 0xDC00) << text;
  }
}

TEST(JsonDocument, ManyThreadsParseAtOnce) {
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([t] {
      for (int i = 0; i < 2000; ++i) {
        const std::string text = "{\"n\":" + std::to_string(t * 10000 + i) + "}";
        const auto document = Document::parse(text);
        ASSERT_TRUE(document.ok());
        ASSERT_EQ(document->object().value().integer("n").value(), t * 10000 + i);
      }
    });
  }
  for (auto& thread : threads) thread.join();
}

}  // namespace
}  // namespace matsuri::json
