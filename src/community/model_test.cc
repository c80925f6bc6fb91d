// Goal: names, lists and descriptions hold their limits, at the limit and one past it, and the
// decision about a post is right for everybody. Method: all of the small spaces, by enumeration.
#include "community/model.h"

#include <gtest/gtest.h>

#include "community/query.h"

namespace matsuri::community {
namespace {

std::string repeated(std::string_view text, std::size_t count) {
  std::string all;
  for (; count > 0; --count) all += text;
  return all;
}

TEST(ModelTest, NamesHoldTheirLimits) {
  EXPECT_EQ(clean_name("  Cafe\u0301  ").value(), "Caf\u00e9");
  EXPECT_TRUE(clean_name(repeated("\U0001F338", 128)).ok());
  for (const std::string& bad :
       {std::string(), std::string(" \u3000"), std::string("a\nb"), std::string("a\tb"),
        std::string("a\xff"), repeated("\u6faa", 129)})
    EXPECT_EQ(clean_name(bad).error().code(), Code::invalid) << bad;

  std::vector<LocalName> names;
  EXPECT_FALSE(clean_names(names).ok());
  for (char c = 'a'; c < 'a' + 16; ++c)
    names.push_back({.language = std::string("a") + c, .text = " x "});
  const auto cleaned = clean_names(names);
  ASSERT_TRUE(cleaned.ok());
  EXPECT_EQ(cleaned.value().front(), (LocalName{"aa", "x"}));
  names.push_back({.language = "zz", .text = "x"});
  EXPECT_FALSE(clean_names(names).ok());
  EXPECT_FALSE(clean_names({{"english", "x"}, {"e", "x"}}).ok());
  EXPECT_FALSE(clean_names({{"", "x"}}).ok());
  EXPECT_FALSE(clean_names({{"en", "x"}, {"EN", "y"}}).ok());
  EXPECT_FALSE(clean_names({{"en", ""}}).ok());
  EXPECT_TRUE(clean_names({{"und", "x"}, {"zh-Hant", "y"}}).ok());
}

TEST(ModelTest, TitlesHoldTheirLimits) {
  const auto good = [](NewTitle title) {
    title.names = {{"en", "T"}};
    return clean_title(std::move(title)).ok();
  };
  EXPECT_TRUE(good({}));
  EXPECT_FALSE(clean_title({}).ok());
  EXPECT_TRUE(good({.platforms = std::vector<std::string>(16, repeated("\u6faa", 40))}));
  EXPECT_FALSE(good({.platforms = std::vector<std::string>(17, "PC")}));
  EXPECT_FALSE(good({.platforms = {repeated("x", 41)}}));
  EXPECT_FALSE(good({.platforms = {""}}));
  EXPECT_FALSE(good({.platforms = {"a\nb"}}));
  EXPECT_TRUE(good({.publisher = repeated("\U0001F338", 80)}));
  EXPECT_FALSE(good({.publisher = repeated("x", 81)}));
  EXPECT_FALSE(good({.publisher = "a\nb"}));

  const std::string family = "\U0001F468\u200D\U0001F469\u200D\U0001F467";  // one grapheme
  EXPECT_TRUE(good({.crest = family}));
  EXPECT_TRUE(good({.crest = "\u796d"}));
  EXPECT_FALSE(good({.crest = "ab"}));
  EXPECT_TRUE(good({.crest = "\u00df" + repeated("\u0489", 31)}));   // 64 bytes
  EXPECT_FALSE(good({.crest = "\u00df" + repeated("\u0489", 32)}));  // 66
  EXPECT_EQ(clean_crest(" \u796d ").value(), "\u796d");
  EXPECT_EQ(clean_crest("").value(), "");
}

TEST(ModelTest, DescriptionsHoldTheirLimits) {
  EXPECT_EQ(clean_description("").value(), "");
  EXPECT_EQ(clean_description("a\r\nb\n").value(), "a\nb");
  EXPECT_TRUE(clean_description(repeated("\U0001F338", 500)).ok());
  EXPECT_EQ(clean_description(repeated("x", 501)).error().code(), Code::invalid);
  EXPECT_FALSE(clean_description(std::string("a\0b", 3)).ok());
}

TEST(ModelTest, WordsAreReadAsTheyAreWritten) {
  for (int value = 0; value < 4; ++value) {
    const auto kind = static_cast<CommunityKind>(value);
    EXPECT_EQ(parse_kind(name_of(kind)).value(), kind);
  }
  for (int value = 0; value < 3; ++value) {
    const auto posters = static_cast<Posters>(value);
    EXPECT_EQ(parse_posters(name_of(posters)).value(), posters);
  }
  for (std::uint8_t kinds = 1; kinds <= post_kinds_all; ++kinds) {
    const auto names = names_of_post_kinds(kinds);
    EXPECT_EQ(parse_post_kinds(std::vector<std::string>(names.begin(), names.end())).value(),
              kinds);
  }
  EXPECT_FALSE(parse_kind("").ok());
  EXPECT_FALSE(parse_kind("User").ok());
  EXPECT_FALSE(parse_posters("nobody").ok());
  EXPECT_FALSE(parse_post_kinds({}).ok());
  EXPECT_FALSE(parse_post_kinds(std::vector<std::string>{"text", "text"}).ok());
  EXPECT_FALSE(parse_post_kinds(std::vector<std::string>{"text", "photo"}).ok());
}

TEST(ModelTest, WhoMayPostIsRightForEverybody) {
  const AccountId owner{7}, other{8}, nobody{};
  for (int posters = 0; posters < 3; ++posters)
    for (std::uint8_t taken = 0; taken <= post_kinds_all; ++taken)
      for (std::uint8_t kinds = 0; kinds <= 4; ++kinds)
        for (int role = 0; role < 4; ++role)
          for (const AccountId account : {owner, other, nobody})
            for (const AccountId owned_by : {owner, nobody}) {
              const Rules rules{.who_posts = static_cast<Posters>(posters),
                                .post_kinds = taken,
                                .owner = owned_by};
              const bool is_taken = kinds != 0 && (kinds | taken) == taken;
              const bool works_here = role == 1 || role == 3;
              const bool is_owner = owned_by == owner && account == owner;
              const bool counts[] = {true, works_here, works_here || is_owner};
              EXPECT_EQ(may_post(rules, account, static_cast<Role>(role), kinds),
                        account != nobody && is_taken && counts[posters])
                  << posters << ' ' << int{taken} << ' ' << int{kinds} << ' ' << role << ' '
                  << account.value << ' ' << owned_by.value;
            }
  EXPECT_EQ(posters_of_new(CommunityKind::announcement), Posters::staff);
  for (const auto kind : {CommunityKind::main, CommunityKind::official, CommunityKind::user})
    EXPECT_EQ(posters_of_new(kind), Posters::everyone);
}

TEST(ModelTest, ColumnsGiveBackWhatWentIn) {
  const std::vector<LocalName> names = {{"en", "Plaza: all, of it"}, {"ja", "\u5e83\u5834"}};
  EXPECT_EQ(names_in(to_column(names)), names);
  const std::vector<std::string> lines = {"PC", "a b, c"};
  EXPECT_EQ(lines_in(to_column(lines)), lines);
  EXPECT_TRUE(names_in("").empty());
  EXPECT_TRUE(lines_in(to_column(std::vector<std::string>{})).empty());
}

}  // namespace
}  // namespace matsuri::community
