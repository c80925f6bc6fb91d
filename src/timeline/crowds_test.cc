// Goal: counts and brightness are those of a plain recomputation, whatever the order in which words
// come; and memory is bounded.
#include "timeline/crowds.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <map>
#include <random>
#include <string>
#include <vector>

namespace matsuri::timeline {
namespace {

constexpr TitleId karts{1}, foxes{2}, all{};
constexpr std::int64_t hour_ms = 3'600'000;
constexpr std::int64_t start_hour = 497'222;

void say(Crowds& crowds, TitleId title, std::uint64_t person, std::int64_t hour) {
  crowds.note(title, AccountId{person}, (start_hour + hour) * hour_ms + 17);
}

TEST(Crowds, EachPersonCountsOnceByTheNewestWord) {
  Crowds crowds;
  EXPECT_EQ(crowds.people_count(karts), 0U);
  EXPECT_EQ(crowds.brightness(karts), 0);
  say(crowds, karts, 1, 0);
  say(crowds, karts, 1, 0);
  say(crowds, karts, 2, 0);
  EXPECT_EQ(crowds.people_count(karts), 2U);
  EXPECT_DOUBLE_EQ(crowds.brightness(karts), 2);
  say(crowds, karts, 1, crowd_half_life_hours);
  EXPECT_EQ(crowds.people_count(karts), 2U);
  EXPECT_DOUBLE_EQ(crowds.brightness(karts), 1.5);
  say(crowds, foxes, 1, crowd_half_life_hours);
  EXPECT_EQ(crowds.people_count(all), 2U);
}

TEST(Crowds, AWeekBeforeTheLastWordCountsAndNoMore) {
  Crowds crowds;
  say(crowds, karts, 1, 0);
  say(crowds, karts, 2, crowd_hours - 1);
  EXPECT_EQ(crowds.people_count(karts), 2U);
  say(crowds, karts, 3, crowd_hours);
  EXPECT_EQ(crowds.people_count(karts), 2U);  // the first one is out
  say(crowds, karts, 4, 0);                   // comes late, and is out already
  EXPECT_EQ(crowds.people_count(karts), 2U);
  say(crowds, karts, 1, crowd_hours);  // is back
  EXPECT_EQ(crowds.people_count(karts), 3U);
}

TEST(Crowds, ATitleThatSleepsKeepsItsCrowdAndFades) {
  Crowds crowds;
  for (std::uint64_t person = 1; person <= 9; ++person) say(crowds, karts, person, 0);
  say(crowds, foxes, 1, 20 * crowd_hours);
  EXPECT_EQ(crowds.people_count(karts), 9U);
  EXPECT_EQ(crowds.people_count(all), 1U);
  EXPECT_LT(crowds.brightness(karts), crowds.brightness(foxes));
  EXPECT_GT(crowds.brightness(karts), 0);
}

// Written once more from the description.
struct Plain {
  std::map<std::pair<std::uint64_t, std::uint64_t>, std::int64_t> newest;

  std::int64_t last(std::uint64_t title) const {
    std::int64_t hour = 0;
    for (const auto& [pair, at] : newest)
      if (pair.first == title) hour = std::max(hour, at);
    return hour;
  }
  std::pair<std::uint64_t, double> of(std::uint64_t title, std::int64_t last_of_all) const {
    std::uint64_t count = 0;
    double light = 0;
    const std::int64_t last_of_title = last(title);
    for (const auto& [pair, at] : newest) {
      if (pair.first != title || at <= last_of_title - 168) continue;
      ++count;
      light += std::pow(0.5, static_cast<double>(last_of_all - at) / 6);
    }
    return {count, light};
  }
};

TEST(Crowds, EqualsAPlainRecomputationInAnyOrder) {
  const char* given = std::getenv("MATSURI_SEED");
  const auto seed = given != nullptr ? std::strtoul(given, nullptr, 10) : std::random_device{}();
  SCOPED_TRACE("MATSURI_SEED=" + std::to_string(seed));
  std::mt19937 random(static_cast<std::uint32_t>(seed));
  const auto below = [&](std::uint32_t end) { return static_cast<std::uint32_t>(random() % end); };
  for (int round = 0; round < 20; ++round) {
    struct Word {
      TitleId title;
      std::uint64_t person;
      std::int64_t hour;
    };
    std::vector<Word> words;
    Plain plain;
    for (int count = 0; count < 600; ++count) {
      const Word word{TitleId{1 + below(4)}, 1 + below(30), below(round < 10 ? 200 : 900)};
      words.push_back(word);
      for (const std::uint64_t title : {word.title.value, std::uint64_t{0}}) {
        std::int64_t& newest = plain.newest[{title, word.person}];
        newest = std::max(newest, start_hour + word.hour);
      }
    }
    for (int order = 0; order < 3; ++order) {
      Crowds crowds;
      for (const Word& word : words) say(crowds, word.title, word.person, word.hour);
      for (const TitleId title : {all, TitleId{1}, TitleId{2}, TitleId{3}, TitleId{4}}) {
        const auto [count, light] = plain.of(title.value, plain.last(0));
        EXPECT_EQ(crowds.people_count(title), count);
        EXPECT_NEAR(crowds.brightness(title), light, light * 1e-9);
      }
      std::ranges::shuffle(words, random);
    }
  }
}

TEST(Crowds, ForgetsTheOlderHalfAtItsBound) {
  constexpr std::size_t bound = 1000;
  Crowds crowds(bound);
  // All in one hour, so that "older" does not tell them apart.
  for (std::uint64_t person = 1; person <= 2 * bound; ++person) {
    say(crowds, karts, person, 0);
    EXPECT_LE(crowds.pair_count(), bound);
  }
  EXPECT_EQ(crowds.people_count(karts), 2 * bound);  // whoever was forgotten stays counted
  for (std::uint64_t person = 1; person <= bound; ++person)
    say(crowds, karts, person, 2 * crowd_hours);
  EXPECT_LE(crowds.pair_count(), bound);
  EXPECT_EQ(crowds.people_count(karts), bound);
}

}  // namespace
}  // namespace matsuri::timeline
