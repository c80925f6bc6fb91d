#include "json/writer.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <random>
#include <string>

namespace matsuri::json {
namespace {

std::string copied(const Document& document) {
  std::string out;
  Writer writer(out);
  writer.copy(document.root());
  EXPECT_TRUE(writer.complete());
  return out;
}

TEST(JsonWriter, PutsCommasWhereTheyBelong) {
  std::string out = "data: ";
  Writer writer(out);
  EXPECT_FALSE(writer.complete());
  writer.begin_object()
      .field_id("id", 42)
      .field("text", "hi")
      .field("view", std::string_view("x"))
      .field("count", 7)
      .field("size", std::size_t{8})
      .field("on", true)
      .field("share", 0.5)
      .field_null("next");
  writer.key("list").begin_array().integer(1).begin_array().end_array().null().end_array();
  writer.key("inner").begin_object().key("a").begin_object().end_object().end_object();
  writer.key("raw").raw("[1]").field("last", false).end_object();
  EXPECT_TRUE(writer.complete());
  EXPECT_EQ(out,
            R"(data: {"id":"42","text":"hi","view":"x","count":7,"size":8,"on":true,"share":0.5,)"
            R"("next":null,"list":[1,[],null],"inner":{"a":{}},"raw":[1],"last":false})");
}

// Every byte that can start trouble, alone and between others, comes back as it was.
TEST(JsonWriter, EveryControlAndEveryCodePointComesBack) {
  for (unsigned c = 0; c < 0x80; ++c) {
    for (const std::string& text :
         {std::string(1, static_cast<char>(c)), "a" + std::string(2, static_cast<char>(c)) + "b"}) {
      std::string out;
      Writer(out)
          .begin_array()
          .string(text)
          .begin_object()
          .field(text, text)
          .end_object()
          .end_array();
      for (const char byte : out) ASSERT_GE(static_cast<unsigned char>(byte), 0x20) << c;
      const auto document = Document::parse(out);
      ASSERT_TRUE(document.ok()) << out;
      const Array array = document->root().array().value();
      EXPECT_EQ((*array.begin()).string().value(), text);
    }
  }
  std::string out;
  append_string(out, "\"\\/\b\f\n\r\t\x01\x1f\x7f 祭🏮\u2028");
  EXPECT_EQ(out, "\"\\\"\\\\/\\b\\f\\n\\r\\t\\u0001\\u001f\x7f 祭🏮\u2028\"");
}

TEST(JsonWriter, NumbersComeBackTheSame) {
  std::string out;
  Writer writer(out);
  writer.begin_array()
      .integer(std::numeric_limits<std::int64_t>::min())
      .unsigned_integer(std::numeric_limits<std::uint64_t>::max())
      .number(1)
      .number(-0.0)
      .number(1e21)
      .number(0.1)
      .number(5e-324)
      .number(1.7976931348623157e308)
      .end_array();
  EXPECT_EQ(out,
            "[-9223372036854775808,18446744073709551615,1.0,-0.0,1e+21,0.1,5e-324,"
            "1.7976931348623157e+308]");
  EXPECT_EQ(copied(Document::parse(out).value()), out);
}

TEST(JsonWriter, RandomDoublesComeBackToTheBit) {
  const char* given = std::getenv("MATSURI_SEED");
  const auto seed = given != nullptr ? std::strtoull(given, nullptr, 10) : 20261121ULL;
  SCOPED_TRACE(seed);
  std::mt19937_64 random(seed);
  for (int i = 0; i < 100'000; ++i) {
    const auto value = std::bit_cast<double>(random());
    if (!std::isfinite(value)) continue;
    std::string out;
    Writer(out).number(value);
    const auto document = Document::parse(out);
    ASSERT_TRUE(document.ok()) << out;
    ASSERT_EQ(document->root().kind(), Kind::number) << out;
    ASSERT_EQ(std::bit_cast<std::uint64_t>(document->root().number().value()),
              std::bit_cast<std::uint64_t>(value))
        << out;
  }
}

TEST(JsonWriter, CopiesWhatWasParsed) {
  const std::string text =
      R"({"a":[1,-2,3.5,true,false,null,"x\ny",{"":{}},[]],"big":18446744073709551615})";
  EXPECT_EQ(copied(Document::parse(text).value()), text);
  EXPECT_EQ(copied(Document::parse(" [ 1 , { \"a\" : 2 } ] ").value()), R"([1,{"a":2}])");
}

TEST(JsonWriterDeathTest, WrongNestingStopsTheProgram) {
  std::string out;
  EXPECT_DEATH(Writer(out).number(std::nan("")), "infinity");
  EXPECT_DEATH(
      {
        Writer writer(out);
        for (int i = 0; i < 64; ++i) writer.begin_array();
      },
      "too deep");
#ifndef NDEBUG
  EXPECT_DEATH(Writer(out).begin_object().null(), "needs a key");
  EXPECT_DEATH(Writer(out).begin_array().key("x"), "stands in an object");
  EXPECT_DEATH(Writer(out).null().null(), "one value");
  EXPECT_DEATH(Writer(out).begin_array().end_object(), "is_object");
#endif
}

}  // namespace
}  // namespace matsuri::json
