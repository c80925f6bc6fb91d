#include "text/clean.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include "text/unicode.h"

namespace matsuri::text {
namespace {

constexpr Limits post{.points_max = 280, .size_max = 1120};
constexpr Limits name{.points_max = 40, .size_max = 160};

std::string repeated(std::string_view piece, int times) {
  std::string text;
  for (int i = 0; i < times; ++i) text += piece;
  return text;
}

std::string fault(const Result<std::string>& result) {
  if (result.ok()) return "none: " + *result;
  EXPECT_EQ(result.error().code(), Code::invalid);
  return result.error().message();
}

TEST(Clean, TrimsAndComposesAndKeepsTheRest) {
  EXPECT_EQ(clean_text("  e\u0301 x\r\n\r\ny \u3000\r\n", post).value(), "\u00e9 x\n\ny");
  EXPECT_EQ(clean_line(" \t 祭り  夜 \n", name).value(), "祭り  夜");
  EXPECT_EQ(
      clean_text("👩‍👩‍👧 👋🏽 🇯🇵 🏴󠁧󠁢󠁥󠁮󠁧󠁿 ❤️", post)
          .value(),
      "👩‍👩‍👧 👋🏽 🇯🇵 🏴󠁧󠁢󠁥󠁮󠁧󠁿 ❤️");
  EXPECT_EQ(clean_text("\u202eabc\u202c \u2028 \u0378", post).value(),
            "\u202eabc\u202c \u2028 \u0378");
}

// Every control at the front, inside and at the end: white space is trimmed at the ends, and only
// the newline passes inside a text.
TEST(Clean, RefusesEveryControl) {
  for (char32_t c = 0; c < 0xA0; ++c) {
    if (!is_control(c)) continue;
    std::string inside = "a";
    append_point(inside, c);
    inside += "b";
    const bool newline = c == '\n';
    EXPECT_EQ(clean_text(inside, post).ok(), newline) << static_cast<unsigned>(c);
    EXPECT_FALSE(clean_line(inside, name).ok()) << static_cast<unsigned>(c);
    const std::string end = inside.substr(0, inside.size() - 1);
    EXPECT_EQ(clean_text(end, post).ok(), is_space(c)) << static_cast<unsigned>(c);
    EXPECT_EQ(clean_text(inside.substr(1), post).ok(), is_space(c)) << static_cast<unsigned>(c);
  }
  EXPECT_EQ(fault(clean_text("a\x1b[31m", post)), "has a control character (U+001B)");
  EXPECT_EQ(fault(clean_text("a\rb", post)), "has a control character (U+000D)");
}

TEST(Clean, RefusesWhatIsNoText) {
  EXPECT_EQ(fault(clean_text("\xed\xa0\x80", post)), "is not UTF-8");
  EXPECT_EQ(fault(clean_text("a\ufdd0", post)), "has a noncharacter (U+FDD0)");
  EXPECT_EQ(fault(clean_text("", post)), "is empty");
  EXPECT_EQ(fault(clean_text(" \n\u3000", post)), "is empty");
  EXPECT_EQ(fault(clean_text("\u200b\u200d", post)), "has nothing to see in it");
  EXPECT_EQ(fault(clean_line("\u3164\u2800\U000e0021", name)), "has nothing to see in it");
  EXPECT_EQ(fault(clean_line("a\nb", name)), "has a control character (U+000A)");
  EXPECT_EQ(fault(clean_line("a\u2028b", name)), "has a line separator (U+2028)");
  EXPECT_EQ(fault(clean_line("a\u2067b", name)),
            "has a mark that turns the direction of writing (U+2067)");
}

TEST(Clean, CountsWhatIsKept) {
  EXPECT_TRUE(clean_text(repeated("x", 280), post).ok());
  EXPECT_EQ(fault(clean_text(repeated("x", 281), post)),
            "has 281 code points, at most 280 are taken");
  EXPECT_TRUE(clean_text("   " + repeated("🏮", 280) + "   ", post).ok());
  // Decomposed it is 560 code points, composed 280.
  EXPECT_EQ(clean_text(repeated("e\u0301", 280), post).value(), repeated("\u00e9", 280));
  const Limits small{.points_min = 3, .points_max = 10, .size_max = 12};
  EXPECT_EQ(fault(clean_text("ab", small)), "has 2 code points, at least 3 are needed");
  EXPECT_EQ(fault(clean_text("祭祭祭祭祭", small)), "has 15 bytes, at most 12 are taken");
  EXPECT_EQ(fault(clean_text(repeated(" ", 100), small)),
            "is much too long: at most 10 code points are taken");
  EXPECT_EQ(clean_text("", Limits{.points_min = 0, .points_max = 1, .size_max = 4}).value(), "");
}

TEST(Clean, ASpaceThatCarriesAMarkIsACharacter) {
  EXPECT_EQ(clean_text("  \u0308x", post).value(), " \u0308x");
  EXPECT_EQ(clean_text("x \u0308 ", post).value(), "x \u0308");
}

// Goal: the texts that break other programs are answered, and what passes stays as it is.
TEST(Clean, AnswersTheNaughtyStrings) {
  const char* shared = std::getenv("MATSURI_SHARED");
  std::ifstream file(std::string(shared != nullptr ? shared : "../shared") +
                     "/data/naughty_strings/blns.txt");
  if (!file) GTEST_SKIP() << "blns.txt is not in the shared data";
  int passed = 0, refused = 0;
  for (std::string line; std::getline(file, line);) {
    if (line.empty() || line.starts_with("#")) continue;
    const auto text = clean_text(line, post);
    text.ok() ? ++passed : ++refused;
    if (!text.ok()) {
      EXPECT_FALSE(text.error().message().empty());
      continue;
    }
    EXPECT_EQ(clean_text(*text, post).value(), *text);
    EXPECT_EQ(to_nfc(*text), *text);
  }
  EXPECT_GT(passed, 480);
  EXPECT_GT(refused, 5);
}

std::string_view cut(std::string_view text) { return cut_at_sentence(text, post); }

TEST(Cut, EndsWithASentence) {
  const std::string head = repeated("One lantern. Two! ", 15) + "Really?";
  EXPECT_EQ(cut(head + " " + repeated("tail ", 20)), head);
  EXPECT_EQ(cut(repeated("「祭りだ。」", 60)), repeated("「祭りだ。」", 46));
  EXPECT_EQ(cut(repeated("x", 200) + "\n" + repeated("y", 200)), repeated("x", 200));
  EXPECT_EQ(cut(repeated("x", 279) + ". y"), repeated("x", 279) + ".");
  EXPECT_EQ(cut(repeated("x", 280) + ". y"), repeated("x", 280));
}

TEST(Cut, EndsWithAWordElse) {
  EXPECT_EQ(cut(repeated("lantern ", 40)), repeated("lantern ", 34) + "lantern");
  EXPECT_EQ(cut("No. " + repeated("word ", 80)), "No. " + repeated("word ", 54) + "word");
  EXPECT_EQ(cut(repeated("v1.5", 80) + " x"), repeated("v1.5", 70));
}

TEST(Cut, NeverEndsInsideACharacter) {
  for (const std::string_view cluster :
       {"👩‍👩‍👧", "👋🏽", "🇯🇵", "か\u3099", "q\u0323\u0307", "。\ufe01"}) {
    for (int lead = 0; lead < 8; ++lead) {
      const std::string text = repeated("x", lead) + repeated(cluster, 200);
      std::string_view rest = cut(text);
      ASSERT_GT(count_points(rest), 240U) << cluster;
      rest.remove_prefix(static_cast<std::size_t>(lead));
      EXPECT_EQ(rest.size() % cluster.size(), 0U) << cluster << lead;
    }
  }
}

TEST(Cut, FitsForEveryLimit) {
  const std::string text = "One. 二つ。 e\u0301\u0323 👩‍👩‍👧 three? \n \u0301four";
  for (std::size_t points = 1; points < 40; ++points) {
    for (std::size_t size = 4; size < 90; ++size) {
      const auto head = cut_at_sentence(text, {.points_max = points, .size_max = size});
      EXPECT_TRUE(text.starts_with(head) && is_utf8(head));
      EXPECT_TRUE(count_points(head) <= points && head.size() <= size);
      EXPECT_FALSE(head.empty());
    }
  }
  EXPECT_EQ(cut("short. text"), "short. text");
  EXPECT_EQ(cut(""), "");
  // One endless cluster has no border but its start.
  EXPECT_EQ(count_points(cut("a" + repeated("\u0301", 400))), 280U);
}

TEST(LanguageTag, HasItsForm) {
  for (const char* tag : {"en", "ja", "zh-Hant", "es-419", "gsw", "de-CH-1996", "en-x-twain"}) {
    EXPECT_TRUE(is_language_tag(tag)) << tag;
  }
  for (const char* tag :
       {"", "e", "engl", "en-", "-en", "en--us", "e1", "en_US", "en us", "en-abcdefghi", "日本"}) {
    EXPECT_FALSE(is_language_tag(tag)) << tag;
  }
  EXPECT_FALSE(is_language_tag("en" + repeated("-abcdefgh", 4)));
}

}  // namespace
}  // namespace matsuri::text
