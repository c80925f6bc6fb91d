// Goal: hot and popular feeds are in the order of their formula, and their pages never skip or repeat
// while scores move.
#include "timeline/ranking.h"

#include <algorithm>
#include <set>

#include "timeline/testing/fixture.h"

namespace matsuri::timeline {
namespace {

using testing::fact_record;
using testing::name_record;
using testing::post_id;
using testing::post_record;
using Texts = std::vector<std::string>;

constexpr AccountId mio{11}, ken{22}, rin{33};
constexpr std::int64_t hour_ms = 3'600'000;

class RankingTest : public testing::ViewTest {
 protected:
  void SetUp() override {
    testing::ViewTest::SetUp();
    if (IsSkipped()) return;
    apply({name_record(mio, 1, "Mio"), name_record(ken, 1, "Ken")});
  }

  stream::BatchResult apply(const std::vector<stream::Record>& records) {
    stream::BatchResult result = ViewTest::apply(records);
    home_.committed(records, result);
    return result;
  }
  void feel(PostId post, std::uint64_t count) {
    apply({fact_record(EmpathyChanged{.post = post,
                                      .post_author = mio,
                                      .community = common_ground,
                                      .account = rin,
                                      .rev = ++rev_,
                                      .given = true,
                                      .count = count,
                                      .count_rev = rev_})});
  }
  Result<RankedPage> page(const RankedQuery& query) { return page(rankings_, query); }
  Result<RankedPage> page(Rankings& rankings, const RankedQuery& query) {
    return read(*db_, [&](sql::Connection& connection) -> Result<RankedPage> {
      TRY_ASSIGN(auto page, rankings.read({&connection, home_.now()}, query));
      return std::move(*page);
    });
  }
  Texts texts(const RankedQuery& query) {
    Texts all;
    for (const RowPtr& row : page(query).value().posts) all.push_back(row->post.text);
    return all;
  }
  // Past the time in which a ranking is shared.
  void later() { clock_.advance_ms(ranking_fresh_ms + 1); }

  io::ManualClock clock_{testing::start_ms};
  io::SeededRandom random_{1};
  Home home_{testing::not_rendered};
  Rankings rankings_{home_, clock_, random_};
  std::uint64_t rev_ = 0, next_post_ = 0;
};
MATSURI_FOR_EACH_ENGINE(RankingTest);

TEST_P(RankingTest, HotIsEmpathyAndAge) {
  apply({post_record(post_id(0), mio, "old"), post_record(post_id(hour_ms), mio, "new"),
         post_record(post_id(2 * hour_ms), mio, "newest"),
         post_record(post_id(3 * hour_ms), mio, "elsewhere", {.community = CommunityId{2}})});
  const RankedQuery hot{.community = common_ground};
  EXPECT_EQ(texts(hot), (Texts{"newest", "new", "old"}));
  feel(post_id(0), 1);                                     // is worth 12.5 hours
  EXPECT_EQ(texts(hot), (Texts{"newest", "new", "old"}));  // who begins now shares the ranking
  later();
  EXPECT_EQ(texts(hot), (Texts{"old", "newest", "new"}));
  apply({testing::comment_record(post_id(4 * hour_ms), ken, post_id(hour_ms), "c")});
  later();
  EXPECT_EQ(texts(hot), (Texts{"old", "new", "newest"}));
  apply({testing::delete_record(post_id(0), mio, post_id(5 * hour_ms).value)});
  EXPECT_EQ(texts(hot), (Texts{"new", "newest"}));  // gone at once, from rankings as well
  apply({testing::mute_record(rin, mio, 1, true)});
  EXPECT_TRUE(texts({.community = common_ground, .viewer = rin}).empty());
}

TEST_P(RankingTest, PopularIsOfOneDay) {
  const std::int64_t today = day_of(testing::start_ms);
  const std::int64_t midnight_ms = (today + 1) * 24 * hour_ms - testing::start_ms;
  apply({post_record(post_id(0), mio, "a"), post_record(post_id(1), mio, "b"),
         post_record(post_id(midnight_ms - 1), mio, "last"),
         post_record(post_id(midnight_ms), mio, "tomorrow")});
  feel(post_id(0), 3);
  feel(post_id(midnight_ms), 9);
  const auto of_day = [&](std::int64_t day) {
    return RankedQuery{.community = common_ground, .ranked = Ranked::popular, .day = day};
  };
  EXPECT_EQ(texts(of_day(today)), (Texts{"a", "last", "b"}));
  EXPECT_EQ(texts(of_day(today + 1)), (Texts{"tomorrow"}));
  for (const std::int64_t day : {today - 1, today + 2, std::int64_t{0}, std::int64_t{5'000'000}})
    EXPECT_TRUE(texts(of_day(day)).empty());
  // Without a day it is the last one on which somebody posted.
  EXPECT_EQ(texts({.community = common_ground, .ranked = Ranked::popular}),
            (Texts{"a", "last", "b"}));
}

TEST_P(RankingTest, PopularOpensOnTheLastDayThatHasPosts) {
  const std::int64_t today = day_of(testing::start_ms);
  const auto days = [&](const RankedQuery& query) { return page(query).value().days.value(); };
  const RankedQuery latest{.community = common_ground, .ranked = Ranked::popular};
  const auto on = [&](std::int64_t day) {
    RankedQuery query = latest;
    query.day = day;
    return query;
  };
  EXPECT_EQ(days(latest).day, today);  // nobody ever posted
  EXPECT_FALSE(days(latest).before || days(latest).after);
  const std::int64_t day_ms = 24 * hour_ms;
  apply({post_record(post_id(-9 * day_ms), mio, "first"),
         post_record(post_id(-4 * day_ms), mio, "second"),
         post_record(post_id(-2 * day_ms), mio, "taken back"),
         post_record(post_id(-day_ms), mio, "elsewhere", {.community = CommunityId{2}}),
         testing::comment_record(post_id(-hour_ms), ken, post_id(-4 * day_ms), "a comment"),
         testing::delete_record(post_id(-2 * day_ms), mio, post_id(0).value)});
  EXPECT_EQ(texts(latest), Texts{"second"});
  EXPECT_EQ(days(latest).day, today - 4);
  EXPECT_EQ(days(latest).before, today - 9);
  EXPECT_FALSE(days(latest).after);
  EXPECT_EQ(days(on(today - 9)).after, today - 4);
  EXPECT_FALSE(days(on(today - 9)).before);
  // A day on which nobody posted tells where the next ones are.
  EXPECT_EQ(days(on(today - 6)).before, today - 9);
  EXPECT_EQ(days(on(today - 6)).after, today - 4);
  EXPECT_EQ(days(on(0)).after, today - 9);
  EXPECT_EQ(days(on(5'000'000)).before, today - 4);
  EXPECT_FALSE(page({.community = common_ground}).value().days);
  // What is popular today comes first again as soon as somebody posts.
  apply({post_record(post_id(0), mio, "today")});
  later();
  EXPECT_EQ(texts(latest), Texts{"today"});
  EXPECT_EQ(days(latest).before, today - 4);
}

// Method: between any two pages scores move, posts come and one goes.
TEST_P(RankingTest, PagesNeverSkipOrRepeatWhileScoresMove) {
  std::vector<stream::Record> records;
  for (std::uint16_t number = 0; number < 60; ++number)
    records.push_back(post_record(post_id(number * hour_ms), number % 4 == 0 ? ken : mio,
                                  std::to_string(number)));
  apply(records);
  apply({testing::mute_record(rin, ken, 1, true)});
  for (const Ranked ranked : {Ranked::hot, Ranked::popular}) {
    for (const std::size_t count_max : {1u, 7u, 45u}) {
      SCOPED_TRACE(count_max);
      later();
      RankedQuery query{.community = common_ground,
                        .ranked = ranked,
                        .day = day_of(testing::start_ms),
                        .viewer = rin,
                        .count_max = 1000};
      if (ranked == Ranked::hot) query.day.reset();
      const Texts whole = texts(query);
      query.count_max = count_max;
      Texts got;
      std::uint64_t step = 0;
      do {
        const RankedPage one = page(query).value();
        EXPECT_LE(one.posts.size(), count_max);
        for (const RowPtr& row : one.posts) got.push_back(row->post.text);
        query.cursor = one.next;
        feel(post_id(static_cast<std::int64_t>(step * 17 % 60) * hour_ms), step * 5 % 13);
        const auto late = static_cast<std::int64_t>(++next_post_);
        apply({post_record(post_id(100 * hour_ms + late), mio, "late " + std::to_string(late))});
        clock_.advance_ms(1000);
        ++step;
      } while (!query.cursor.empty());
      EXPECT_EQ(got, whole);
      EXPECT_EQ(std::set(got.begin(), got.end()).size(), got.size());
    }
  }
}

TEST_P(RankingTest, ACursorIsOfOneFeedAndOneTime) {
  for (int number = 0; number < 5; ++number)
    apply({post_record(post_id(number), mio, std::to_string(number))});
  RankedQuery query{.community = common_ground, .count_max = 2};
  const std::string next = page(query).value().next;
  ASSERT_EQ(next.size(), 18u);
  const auto code = [&](RankedQuery wrong, const std::string& cursor) {
    wrong.cursor = cursor;
    return page(wrong).error().code();
  };
  EXPECT_EQ(code({.community = CommunityId{2}}, next), Code::invalid);
  EXPECT_EQ(code({.community = common_ground, .ranked = Ranked::popular}, next), Code::invalid);
  for (const std::string& cursor :
       {std::string("x"), next.substr(1), next + "x", next.substr(0, 17), next.substr(0, 17) + "5",
        next.substr(0, 17) + "-1", "g" + next.substr(1), next.substr(0, 16) + ",2"})
    EXPECT_EQ(code(query, cursor), Code::invalid) << cursor;
  EXPECT_EQ(code(query, "0000000000000000.2"), Code::conflict);
  query.cursor = next;
  clock_.advance_ms(ranking_kept_ms);
  EXPECT_TRUE(page(query).ok());
  clock_.advance_ms(1);
  EXPECT_EQ(page(query).error().code(), Code::conflict);
}

TEST_P(RankingTest, RankingsAreBoundedAndTheOldestGoFirst) {
  for (int number = 0; number < 4; ++number)
    apply({post_record(post_id(number), mio, std::to_string(number))});
  Rankings few(home_, clock_, random_, {.ranking_count_max = 3, .post_count_max = 8});
  const auto next = [&] {
    later();
    const RankedQuery query{.community = common_ground, .count_max = 1};
    return page(few, query).value().next;
  };
  const auto is_kept = [&](const std::string& cursor) {
    const RankedQuery query{.community = common_ground, .cursor = cursor};
    return page(few, query).ok();
  };
  const std::string first = next(), second = next(), third = next();  // four posts each
  EXPECT_EQ(few.count(), 2u);
  EXPECT_FALSE(is_kept(first));
  EXPECT_TRUE(is_kept(second));
  EXPECT_TRUE(is_kept(third));
  clock_.advance_ms(ranking_kept_ms + 1);
  EXPECT_FALSE(is_kept(third));
  EXPECT_EQ(few.count(), 0u);
}

TEST_P(RankingTest, ARankingIsAThousandDeep) {
  std::vector<stream::Record> records;
  for (std::size_t number = 0; number <= ranking_count_max; ++number)
    records.push_back(
        post_record(post_id(static_cast<std::int64_t>(number)), mio, std::to_string(number)));
  apply(records);
  feel(post_id(0), 5);  // the oldest of all
  const auto ids = read(*db_, [&](sql::Connection& connection) {
                     return read_ranking(connection, {.community = common_ground});
                   }).value();
  ASSERT_EQ(ids.size(), ranking_count_max);
  EXPECT_EQ(ids.front(), post_id(0));
  EXPECT_EQ(ids.back(), post_id(2));
}

}  // namespace
}  // namespace matsuri::timeline
