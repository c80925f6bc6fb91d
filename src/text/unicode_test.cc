#include "text/unicode.h"

#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace matsuri::text {
namespace {

std::string utf8_of(const std::u32string& points) {
  std::string text;
  for (const char32_t point : points) append_point(text, point);
  return text;
}

// "0061 0301" and "÷ 0020 × 0308 ÷" alike: the hexadecimal words, without the signs between.
std::u32string points_of(std::string_view words) {
  std::u32string points;
  for (std::size_t i = 0; i < words.size();) {
    const std::size_t end = std::min(words.find(' ', i), words.size());
    const std::string word(words.substr(i, end - i));
    if (!word.empty() && std::isxdigit(static_cast<unsigned char>(word[0])) != 0) {
      points += static_cast<char32_t>(std::strtoul(word.c_str(), nullptr, 16));
    }
    i = end + 1;
  }
  return points;
}

// The lines of a file of the Unicode Character Database, without comments. Empty where the shared
// data is not there.
std::vector<std::string> database_lines(const std::string& name) {
  const char* shared = std::getenv("MATSURI_SHARED");
  const std::string path =
      std::string(shared != nullptr ? shared : "../shared") + "/data/unicode/" + name;
  std::vector<std::string> lines;
  if (!std::filesystem::exists(path)) return lines;
  FILE* pipe = ::popen(("zcat '" + path + "'").c_str(), "r");
  if (pipe == nullptr) return lines;
  std::array<char, 4096> buffer;
  while (std::fgets(buffer.data(), buffer.size(), pipe) != nullptr) {
    std::string line(buffer.data());
    line.erase(std::min(line.find('#'), line.size()));
    while (!line.empty() && std::isspace(static_cast<unsigned char>(line.back())) != 0) {
      line.pop_back();
    }
    if (!line.empty()) lines.push_back(line);
  }
  EXPECT_EQ(::pclose(pipe), 0);
  return lines;
}

std::string form_of(std::string_view line, int column) {
  for (; column > 1; --column) line.remove_prefix(line.find(';') + 1);
  return utf8_of(points_of(line.substr(0, line.find(';'))));
}

// Goal: only what Unicode calls well-formed is UTF-8.
// Method: every code point in its own form passes and comes back; every overlong form, surrogate
// and cut is refused.
TEST(Utf8, TakesEveryCodePointAndNothingElse) {
  for (char32_t point = 0; point <= 0x10FFFF; ++point) {
    if (point >= 0xD800 && point <= 0xDFFF) continue;
    std::string text;
    append_point(text, point);
    const Point got = point_at(text, 0);
    ASSERT_EQ(got.value, point);
    ASSERT_EQ(got.size, text.size());
    for (std::size_t size = 1; size < text.size(); ++size) {
      ASSERT_EQ(point_at(std::string_view(text).substr(0, size), 0).size, 0U);
    }
  }
}

TEST(Utf8, RefusesEveryThreeByteSurrogateAndEveryOverlongForm) {
  for (unsigned point = 0; point < 0x10000; ++point) {
    const std::string three{static_cast<char>(0xE0 | point >> 12),
                            static_cast<char>(0x80 | (point >> 6 & 0x3F)),
                            static_cast<char>(0x80 | (point & 0x3F))};
    const bool valid = point >= 0x800 && (point < 0xD800 || point > 0xDFFF);
    ASSERT_EQ(is_utf8(three), valid) << point;
    const std::string four{static_cast<char>(0xF0), static_cast<char>(0x80 | point >> 12),
                           static_cast<char>(0x80 | (point >> 6 & 0x3F)),
                           static_cast<char>(0x80 | (point & 0x3F))};
    ASSERT_FALSE(is_utf8(four)) << point;
  }
  for (unsigned point = 0; point < 0x80; ++point) {
    const std::string two{static_cast<char>(0xC0 | point >> 6),
                          static_cast<char>(0x80 | (point & 0x3F))};
    ASSERT_FALSE(is_utf8(two)) << point;
  }
  EXPECT_FALSE(is_utf8("\xf4\x90\x80\x80"));
}

// The scan looks at eight bytes at once: a bad byte must be seen at each place of the eight.
TEST(Utf8, FindsABadByteAtEveryPlace) {
  for (std::size_t length = 1; length <= 40; ++length) {
    for (std::size_t place = 0; place < length; ++place) {
      std::string text(length, 'a');
      EXPECT_TRUE(is_utf8(text));
      text[place] = '\x80';
      EXPECT_FALSE(is_utf8(text)) << length << " " << place;
      text[place] = '\xe3';
      EXPECT_FALSE(is_utf8(text)) << length << " " << place;
    }
  }
}

TEST(Utf8, CountsCodePoints) {
  EXPECT_EQ(count_points(""), 0U);
  EXPECT_EQ(count_points("abc"), 3U);
  EXPECT_EQ(count_points("祭り🏮"), 3U);
}

// Every line of NormalizationTest.txt: column 2 is the NFC of columns 1, 2 and 3, and column 4 that
// of 4 and 5; what part 1 does not list is its own NFC.
TEST(Nfc, AgreesWithTheUnicodeDatabase) {
  const auto lines = database_lines("NormalizationTest.txt.gz");
  if (lines.empty()) GTEST_SKIP() << "NormalizationTest.txt.gz is not in the shared data";
  std::size_t tests = 0;
  bool part_1 = false;
  std::vector<bool> listed(0x110000);
  for (const std::string& line : lines) {
    if (line.starts_with('@')) {
      part_1 = line.starts_with("@Part1");
      continue;
    }
    ++tests;
    for (const int column : {1, 2, 3})
      EXPECT_EQ(to_nfc(form_of(line, column)), form_of(line, 2)) << line;
    for (const int column : {4, 5})
      EXPECT_EQ(to_nfc(form_of(line, column)), form_of(line, 4)) << line;
    if (part_1) listed[points_of(line.substr(0, line.find(';')))[0]] = true;
  }
  EXPECT_GT(tests, 19000U);
  for (char32_t point = 0; point <= 0x10FFFF; ++point) {
    if (listed[point] || (point >= 0xD800 && point <= 0xDFFF)) continue;
    const std::string text = utf8_of({point});
    ASSERT_EQ(to_nfc(text), text) << static_cast<unsigned>(point);
  }
}

// Goal: the short way for text of harmless code points gives what the long way gives.
// Method: each code point between two that compose easily. The acute accent at the front forces the
// long way for the second text, and changes nothing behind it.
TEST(Nfc, TheShortWayAgreesWithTheLongOne) {
  const std::string forced = utf8_of({0x0301, 'x'});
  for (char32_t point = 1; point <= 0x1FFFF; ++point) {
    if (point >= 0xD800 && point <= 0xDFFF) continue;
    for (const char32_t before : {U'e', U'か', U'\uAC00'}) {
      const std::string text = utf8_of({before, point, U'a'});
      ASSERT_EQ(forced + to_nfc(text), to_nfc(forced + text)) << static_cast<unsigned>(point);
    }
  }
}

TEST(Nfc, HoldsWhereTheTextGrows) {
  std::string text, expected;
  for (int i = 0; i < 200; ++i)
    text += utf8_of({0x1D160}), expected += utf8_of({0x1D158, 0x1D165, 0x1D16E});
  EXPECT_EQ(to_nfc(text), expected);
  EXPECT_EQ(to_nfc(""), "");
}

TEST(Grapheme, AgreesWithTheUnicodeDatabase) {
  const auto lines = database_lines("GraphemeBreakTest.txt.gz");
  if (lines.empty()) GTEST_SKIP() << "GraphemeBreakTest.txt.gz is not in the shared data";
  EXPECT_GT(lines.size(), 600U);
  for (const std::string& line : lines) {
    const std::u32string points = points_of(line);
    std::vector<bool> expected;
    for (std::size_t i = 0; i < line.size(); ++i) {
      if (line.compare(i, 2, "÷") == 0) expected.push_back(true);
      if (line.compare(i, 2, "×") == 0) expected.push_back(false);
    }
    expected.pop_back();  // The border after the last code point.
    EXPECT_EQ(grapheme_starts(points), expected) << line;

    const std::string text = utf8_of(points);
    std::vector<bool> walked;
    for (std::size_t offset = 0, end = 0, i = 0; i < points.size(); ++i) {
      walked.push_back(offset == end);
      if (offset == end) end = grapheme_end(text, offset);
      offset += point_at(text, offset).size;
    }
    EXPECT_EQ(walked, expected) << line;
  }
}

TEST(Grapheme, EveryEmojiIsOneCharacter) {
  const auto lines = database_lines("emoji-test.txt.gz");
  if (lines.empty()) GTEST_SKIP() << "emoji-test.txt.gz is not in the shared data";
  EXPECT_GT(lines.size(), 4000U);
  for (const std::string& line : lines) {
    const std::string emoji = utf8_of(points_of(line.substr(0, line.find(';'))));
    EXPECT_EQ(count_graphemes(emoji), 1U) << line;
    EXPECT_EQ(to_nfc(emoji), emoji) << line;
  }
}

TEST(Classes, AreWhatTheirNamesSay) {
  for (const char32_t c : {U' ', U'\t', U'\n', U'\u0085', U'\u00a0', U'\u3000', U'\u2028'}) {
    EXPECT_TRUE(is_space(c) && is_inkless(c)) << static_cast<unsigned>(c);
  }
  for (const char32_t c : {U'a', U'.', U'祭', U'\U0001F3EE', U'\u0301', U'\uFFFD', U'\u2801'}) {
    EXPECT_FALSE(is_space(c) || is_control(c) || is_noncharacter(c) || is_inkless(c))
        << static_cast<unsigned>(c);
  }
  for (const char32_t c : {U'\u200B', U'\u200D', U'\u00AD', U'\uFEFF', U'\u3164', U'\u2800',
                           U'\U000E0021', U'\uFE0F'}) {
    EXPECT_TRUE(is_inkless(c) && !is_space(c)) << static_cast<unsigned>(c);
  }
  int controls = 0, noncharacters = 0, marks = 0;
  for (char32_t c = 0; c <= 0x10FFFF; ++c) {
    controls += is_control(c);
    noncharacters += is_noncharacter(c);
    marks += is_direction_mark(c);
  }
  EXPECT_EQ(controls, 65);
  EXPECT_EQ(noncharacters, 66);
  EXPECT_EQ(marks, 9);
}

}  // namespace
}  // namespace matsuri::text
