// Goal: what exec remembers is right while it is remembered, and bounded.
#include "timeline/recent.h"

#include <thread>

#include "timeline/model.h"
#include "timeline/testing/fixture.h"

namespace matsuri::timeline {
namespace {

using State = RecentKeys::Use::State;
using testing::key_of;

constexpr AccountId mio{11}, ken{22};

Said said(AccountId author, CommunityId community, std::string_view text) {
  return {.author = author, .community = community, .parent = {}, .text = text, .drawing = {}};
}

TEST(RecentKeys, AKeyIsFirstThenInFlightThenMade) {
  RecentKeys keys;
  EXPECT_EQ(keys.begin(mio, key_of(1), 5).state, State::first);
  EXPECT_EQ(keys.begin(mio, key_of(1), 5).state, State::in_flight);
  EXPECT_EQ(keys.begin(mio, key_of(1), 6).state, State::reused);
  EXPECT_EQ(keys.begin(ken, key_of(1), 6).state, State::first);
  keys.made(mio, key_of(1), PostId{9});
  EXPECT_EQ(keys.begin(mio, key_of(1), 5).state, State::made);
  EXPECT_EQ(keys.begin(mio, key_of(1), 5).post, PostId{9});
  EXPECT_EQ(keys.begin(mio, key_of(1), 6).state, State::reused);
  keys.forget(ken, key_of(1));
  EXPECT_EQ(keys.begin(ken, key_of(1), 7).state, State::first);
}

TEST(RecentKeys, OfManyAtOnceOneIsFirst) {
  RecentKeys keys;
  std::atomic<int> first{0};
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 8; ++thread)
    threads.emplace_back([&] {
      for (std::uint64_t key = 1; key <= 1000; ++key)
        if (keys.begin(mio, key_of(key), 5).state == State::first) ++first;
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(first, 1000);
}

TEST(RecentKeys, TheOldestGoPastTheBound) {
  RecentKeys keys(100);
  for (std::uint64_t key = 1; key <= 1000; ++key) {
    ASSERT_EQ(keys.begin(mio, key_of(key), 5).state, State::first);
    keys.made(mio, key_of(key), PostId{key});
    // What is forgotten does not leave a place behind.
    ASSERT_EQ(keys.begin(ken, key_of(key), 5).state, State::first);
    keys.forget(ken, key_of(key));
    EXPECT_LE(keys.count(), 100u);
  }
  EXPECT_EQ(keys.count(), 99u);  // ken's last one had pushed the oldest out
  EXPECT_EQ(keys.begin(mio, key_of(902), 5).state, State::made);
  EXPECT_EQ(keys.begin(mio, key_of(800), 5).state, State::first);
  keys.made(mio, key_of(700), PostId{1});  // forgotten meanwhile: no harm
  EXPECT_EQ(keys.count(), 100u);
}

class RecentKeysTest : public testing::ViewTest {};
MATSURI_FOR_EACH_ENGINE(RecentKeysTest);

TEST_P(RecentKeysTest, LoadsTheNewestOfTheDatabase) {
  std::vector<stream::Record> records;
  for (std::uint64_t key = 1; key <= 20; ++key)
    records.push_back(testing::post_record(testing::post_id(static_cast<std::int64_t>(key)), mio,
                                           "text " + std::to_string(key), {.key = key}));
  records.back().header.fingerprint = ~std::uint64_t{0};
  apply(records);
  RecentKeys keys(10);
  ASSERT_TRUE(
      db_->read_and_wait([&](sql::Connection& connection) { return keys.load(connection); }).ok());
  EXPECT_EQ(keys.count(), 10u);
  EXPECT_EQ(keys.begin(mio, key_of(20), ~std::uint64_t{0}).post, testing::post_id(20));
  EXPECT_EQ(keys.begin(mio, key_of(20), 1).state, State::reused);
  EXPECT_EQ(keys.begin(mio, key_of(11), 1).post, testing::post_id(11));
  EXPECT_EQ(keys.begin(ken, key_of(11), 1).state, State::first);
  EXPECT_EQ(keys.begin(mio, key_of(10), 1).state, State::first);
}

TEST(RecentTexts, HoldForThirtySeconds) {
  RecentTexts texts;
  const CommunityId plaza = common_ground;
  EXPECT_TRUE(texts.begin(said(mio, plaza, "gg"), 0));
  EXPECT_FALSE(texts.begin(said(mio, plaza, "gg"), 0));
  EXPECT_TRUE(texts.begin(said(ken, plaza, "gg"), 0));
  EXPECT_TRUE(texts.begin(said(mio, CommunityId{2}, "gg"), 0));
  EXPECT_TRUE(texts.begin(said(mio, plaza, "GG"), 0));
  EXPECT_FALSE(texts.begin(said(mio, plaza, "gg"), duplicate_guard_ms - 1));
  EXPECT_TRUE(texts.begin(said(mio, plaza, "gg"), duplicate_guard_ms));
  EXPECT_FALSE(texts.begin(said(mio, plaza, "gg"), duplicate_guard_ms + 1));
  texts.forget(said(mio, plaza, "gg"));
  EXPECT_TRUE(texts.begin(said(mio, plaza, "gg"), duplicate_guard_ms + 2));
}

TEST(RecentTexts, ForgetWhatIsOlder) {
  RecentTexts texts;
  for (std::int64_t now_ms = 0; now_ms < 10 * duplicate_guard_ms; now_ms += 100) {
    ASSERT_TRUE(texts.begin(said(mio, common_ground, "text " + std::to_string(now_ms)), now_ms));
    if (now_ms % 300 == 0) texts.forget(said(mio, common_ground, "text " + std::to_string(now_ms)));
    EXPECT_LE(texts.count(), duplicate_guard_ms / 100u);
  }
}

TEST(PostText, HoldsItsLimitsAtTheLimitAndOnePast) {
  const auto points = [](std::string_view point, std::size_t count) {
    std::string text;
    for (; count > 0; --count) text += point;
    return text;
  };
  EXPECT_TRUE(clean_post_text("x").ok());
  EXPECT_EQ(clean_post_text("").error().code(), Code::invalid);
  EXPECT_EQ(clean_post_text(" \n ").error().code(), Code::invalid);
  EXPECT_TRUE(clean_post_text(points("x", 280)).ok());
  EXPECT_FALSE(clean_post_text(points("x", 281)).ok());
  EXPECT_TRUE(clean_post_text(points("\U0001F3EE", 280)).ok());  // 1120 bytes
  EXPECT_FALSE(clean_post_text(points("\U0001F3EE", 281)).ok());
  EXPECT_EQ(clean_post_text(" a\r\nb ").value(), "a\nb");
  EXPECT_EQ(clean_post_text("e\u0301").value(), "\u00e9");
  EXPECT_TRUE(check_language("").ok());
  EXPECT_TRUE(check_language("zh-Hant-TW").ok());
  EXPECT_FALSE(check_language("english").ok());
  EXPECT_FALSE(check_language("e").ok());
}

}  // namespace
}  // namespace matsuri::timeline
