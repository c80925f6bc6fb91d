// Goal: who follows whom is decided by apply alone, and counts, lists and facts equal the set.
#include "timeline/follow.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <map>
#include <random>

#include "timeline/follow_query.h"
#include "timeline/rings.h"
#include "timeline/testing/fixture.h"

namespace matsuri::timeline {
namespace {

using stream::Outcome;
using stream::Record;
using testing::block_record;
using ::testing::ElementsAre;
using testing::follow_record;
using ::testing::IsEmpty;
using testing::name_record;
using testing::post_id;
using testing::post_record;

constexpr AccountId mio{11}, ken{22}, rin{33};
constexpr CommunityId games{7};

class FollowTest : public testing::ViewTest {
 protected:
  Result<PeoplePage> people(PeopleQuery::Which which, const std::string& handle, AccountId viewer,
                            Cursor before = {}, std::size_t count_max = 50) {
    return read(*db_, [&](sql::Connection& connection) {
      return read_people(connection, {.which = which,
                                      .handle = handle,
                                      .viewer = viewer,
                                      .before = before,
                                      .count_max = count_max});
    });
  }
  std::vector<std::uint64_t> followers(const std::string& handle, AccountId viewer = {}) {
    return ids_of(people(PeopleQuery::Which::followers, handle, viewer).value());
  }
  std::vector<std::uint64_t> following(const std::string& handle, AccountId viewer = {}) {
    return ids_of(people(PeopleQuery::Which::following, handle, viewer).value());
  }
  static std::vector<std::uint64_t> ids_of(const PeoplePage& page) {
    std::vector<std::uint64_t> ids;
    for (const Author& author : page.people) ids.push_back(author.id.value);
    return ids;
  }
  Relation relation(const std::string& handle, AccountId viewer) {
    return read(*db_,
                [&](sql::Connection& connection) {
                  return read_relation(connection, handle, viewer);
                })
        .value();
  }
  CommunityRelation community_relation(CommunityId community, AccountId viewer) {
    return read(*db_,
                [&](sql::Connection& connection) {
                  return read_community_relation(connection, community, viewer);
                })
        .value();
  }
  void name_all() {
    apply({name_record(mio, 1, "Mio"), name_record(ken, 1, "Ken"), name_record(rin, 1, "Rin")});
  }
};
MATSURI_FOR_EACH_ENGINE(FollowTest);

TEST_P(FollowTest, FollowsAndUnfollowsPeopleAndCommunities) {
  name_all();
  const stream::BatchResult result =
      apply({follow_record(post_id(1), mio, ken), follow_record(post_id(2), rin, ken),
             follow_record(post_id(3), mio, common_ground), follow_record(post_id(4), ken, mio)});
  ASSERT_EQ(result.facts().size(), 4u);
  EXPECT_EQ(std::get<FollowChanged>(result.facts()[0].event),
            (FollowChanged{mio, FollowKind::person, ken.value, post_id(1).value, true}));
  EXPECT_EQ(result.facts()[0].account, mio);
  EXPECT_THAT(followers("h22"), ElementsAre(33, 11)) << "the newest first";
  EXPECT_THAT(following("h11"), ElementsAre(22)) << "people only";
  const Relation of_ken = relation("h22", mio);
  EXPECT_EQ(of_ken.follower_count, 2u);
  EXPECT_EQ(of_ken.following_count, 1u);
  EXPECT_TRUE(of_ken.followed);
  EXPECT_TRUE(of_ken.follows_viewer);
  EXPECT_FALSE(relation("h22", rin).follows_viewer);
  EXPECT_FALSE(relation("h22", {}).followed);
  EXPECT_EQ(community_relation(common_ground, mio).follower_count, 1u);
  EXPECT_TRUE(community_relation(common_ground, mio).followed);
  EXPECT_FALSE(community_relation(common_ground, ken).followed);
  EXPECT_THAT(
      read(*db_,
           [&](sql::Connection& connection) { return read_followed_communities(connection, mio); })
          .value(),
      ElementsAre(common_ground));

  EXPECT_EQ(apply_one(follow_record(post_id(5), mio, ken, false)), Outcome::applied);
  EXPECT_EQ(apply_one(follow_record(post_id(6), mio, common_ground, false)), Outcome::applied);
  EXPECT_THAT(followers("h22"), ElementsAre(33));
  EXPECT_THAT(following("h11"), IsEmpty());
  EXPECT_EQ(relation("h22", mio).follower_count, 1u);
  EXPECT_EQ(community_relation(common_ground, mio).follower_count, 0u);
  // Whoever follows again is the newest follower.
  apply({follow_record(post_id(7), mio, ken)});
  EXPECT_THAT(followers("h22"), ElementsAre(11, 33));
}

TEST_P(FollowTest, WhatChangesNothingIsADuplicateAndNoFact) {
  EXPECT_EQ(apply_one(follow_record(post_id(1), mio, ken)), Outcome::applied);
  const stream::BatchResult again =
      apply({follow_record(post_id(2), mio, ken), follow_record(post_id(3), rin, ken, false)});
  EXPECT_EQ(again.outcomes(), (std::vector{Outcome::duplicate, Outcome::duplicate}));
  EXPECT_TRUE(again.facts().empty());
}

// The command with the highest id holds, whichever is applied first.
TEST_P(FollowTest, TheLatestCommandWinsWhateverTheOrder) {
  name_all();
  EXPECT_EQ(apply_one(follow_record(post_id(9), mio, ken, false)), Outcome::duplicate);
  EXPECT_EQ(apply_one(follow_record(post_id(5), mio, ken)), Outcome::duplicate);
  EXPECT_THAT(followers("h22"), IsEmpty());
  // Neither does one between two that say the same.
  EXPECT_EQ(apply_one(follow_record(post_id(1), rin, ken)), Outcome::applied);
  EXPECT_EQ(apply_one(follow_record(post_id(9), rin, ken)), Outcome::duplicate);
  EXPECT_EQ(apply_one(follow_record(post_id(5), rin, ken, false)), Outcome::duplicate);
  EXPECT_THAT(followers("h22"), ElementsAre(33));
  EXPECT_EQ(relation("h22", mio).follower_count, 1u);
}

TEST_P(FollowTest, NobodyFollowsThemselves) {
  const stream::BatchResult result = apply({follow_record(post_id(1), mio, mio)});
  ASSERT_EQ(result.refusals().size(), 1u);
  EXPECT_EQ(result.refusals()[0].code, Code::invalid);
}

// Goal: the limits hold at them and one past, also within one batch, and give room again.
TEST_P(FollowTest, OneMoreThanTheLimitIsRefused) {
  std::vector<Record> records;
  for (std::uint64_t number = 0; number < followed_people_max; ++number)
    records.push_back(
        follow_record(post_id(static_cast<std::int64_t>(number)), mio, AccountId{1000 + number}));
  records.push_back(follow_record(post_id(10'000), mio, ken));
  for (std::uint64_t number = 0; number < followed_communities_max; ++number)
    records.push_back(follow_record(post_id(20'000 + static_cast<std::int64_t>(number)), mio,
                                    CommunityId{1000 + number}));
  const stream::BatchResult result = apply(records);
  ASSERT_EQ(result.refusals().size(), 1u);
  EXPECT_EQ(result.refusals()[0].index, followed_people_max);
  EXPECT_EQ(result.refusals()[0].code, Code::exhausted);
  EXPECT_EQ(apply_one(follow_record(post_id(30'000), mio, games)), Outcome::refused);
  const auto room = [&](AccountId account, FollowKind kind, std::uint64_t target) {
    const Result<void> checked = db_->read_and_wait(
        [&](sql::Connection& connection) { return check_room(connection, account, kind, target); });
    return checked.ok() ? std::optional<Code>() : checked.error().code();
  };
  EXPECT_EQ(room(mio, FollowKind::person, ken.value), Code::exhausted);
  EXPECT_EQ(room(mio, FollowKind::person, 1000), std::nullopt);
  EXPECT_EQ(room(mio, FollowKind::community, games.value), Code::exhausted);
  EXPECT_EQ(room(ken, FollowKind::person, mio.value), std::nullopt);
  EXPECT_EQ(apply_one(follow_record(post_id(30'001), mio, AccountId{1000})), Outcome::duplicate);
  EXPECT_EQ(apply_one(follow_record(post_id(30'002), mio, AccountId{1000}, false)),
            Outcome::applied);
  EXPECT_EQ(apply_one(follow_record(post_id(30'003), mio, CommunityId{1000}, false)),
            Outcome::applied);
  EXPECT_EQ(room(mio, FollowKind::person, ken.value), std::nullopt);
  EXPECT_EQ(apply_one(follow_record(post_id(30'004), mio, ken)), Outcome::applied);
  EXPECT_EQ(apply_one(follow_record(post_id(30'005), mio, games)), Outcome::applied);
  EXPECT_EQ(apply_one(follow_record(post_id(30'006), mio, rin)), Outcome::refused);
}

TEST_P(FollowTest, BlocksHideInBothDirections) {
  name_all();
  apply({follow_record(post_id(1), mio, ken), follow_record(post_id(2), rin, ken),
         follow_record(post_id(3), ken, rin)});
  apply({block_record(rin, mio, 1, true)});
  EXPECT_THAT(followers("h22", ken), ElementsAre(33, 11));
  EXPECT_THAT(followers("h22", mio), ElementsAre(11));
  EXPECT_THAT(followers("h22", rin), ElementsAre(33));
  EXPECT_THAT(following("h22", mio), IsEmpty());
  for (const auto& [handle, viewer] : {std::pair("h33", mio), std::pair("h11", rin)}) {
    const auto which = PeopleQuery::Which::followers;
    EXPECT_EQ(people(which, handle, viewer).error().code(), Code::not_found);
    const auto relation_of = read(*db_, [&](sql::Connection& connection) {
      return read_relation(connection, handle, viewer);
    });
    EXPECT_EQ(relation_of.error().code(), Code::not_found);
    const auto to_follow = read(*db_, [&](sql::Connection& connection) {
      return find_person_to_follow(connection, handle, viewer, true);
    });
    EXPECT_EQ(to_follow.error().code(), Code::denied);
    const auto to_unfollow = read(*db_, [&](sql::Connection& connection) {
      return find_person_to_follow(connection, handle, viewer, false);
    });
    EXPECT_TRUE(to_unfollow.ok());
  }
  EXPECT_EQ(people(PeopleQuery::Which::followers, "nobody", mio).error().code(), Code::not_found);
}

TEST_P(FollowTest, PrivacyHidesTheListsFromOthers) {
  name_all();
  apply({follow_record(post_id(1), mio, ken), follow_record(post_id(2), ken, mio)});
  ASSERT_TRUE(db_->write_and_wait([](sql::Connection& connection) -> Result<void> {
                   TRY(connection.execute("UPDATE author SET follows_shown_to = 1 WHERE id = 22"));
                   return {};
                 })
                  .ok());
  for (const auto which : {PeopleQuery::Which::followers, PeopleQuery::Which::following}) {
    EXPECT_EQ(people(which, "h22", mio).error().code(), Code::denied);
    EXPECT_EQ(people(which, "h22", {}).error().code(), Code::denied);
    EXPECT_EQ(ids_of(people(which, "h22", ken).value()), std::vector{mio.value});
  }
  EXPECT_EQ(relation("h22", mio).follower_count, 1u) << "counts are no list";
}

// Who kept their follows to themselves once stood in the lists of those at the other end.
TEST_P(FollowTest, PrivacyHidesFromTheListsOfOthersToo) {
  name_all();
  apply({follow_record(post_id(1), mio, ken), follow_record(post_id(2), ken, mio),
         follow_record(post_id(3), rin, mio), follow_record(post_id(4), mio, rin)});
  ASSERT_TRUE(db_->write_and_wait([](sql::Connection& connection) -> Result<void> {
                   TRY(connection.execute("UPDATE author SET follows_shown_to = 1 WHERE id = 22"));
                   return {};
                 })
                  .ok());
  for (const AccountId both_ends : {mio, ken}) {
    EXPECT_THAT(followers("h11", both_ends), ElementsAre(33, 22));
    EXPECT_THAT(following("h11", both_ends), ElementsAre(33, 22));
  }
  for (const AccountId viewer : {rin, AccountId{}}) {
    EXPECT_THAT(followers("h11", viewer), ElementsAre(33));
    EXPECT_THAT(following("h11", viewer), ElementsAre(33));
  }
  EXPECT_EQ(relation("h11", rin).follower_count, 2u);
}

TEST_P(FollowTest, PagesNeverSkipOrRepeatWhileFollowersCome) {
  name_all();
  std::int64_t now = 0;
  const auto arrive = [&] {
    const AccountId somebody{100 + static_cast<std::uint64_t>(now)};
    apply({name_record(somebody, 1, "S")});
    apply({follow_record(post_id(now++), somebody, ken)});
  };
  for (int count = 0; count < 23; ++count) arrive();
  const std::vector<std::uint64_t> whole = followers("h22");
  for (const std::size_t count_max : {1u, 7u, 23u}) {
    std::vector<std::uint64_t> got;
    std::optional<Cursor> before = Cursor{post_id(22).value + 1, 1};
    do {
      const auto page =
          people(PeopleQuery::Which::followers, "h22", {}, *before, count_max).value();
      EXPECT_LE(page.people.size(), count_max);
      for (const std::uint64_t id : ids_of(page)) got.push_back(id);
      before = page.next;
      arrive();
    } while (before);
    EXPECT_EQ(got, whole);
  }
}

// Imported follows of one millisecond have one id: a page that ends among them goes on among them.
TEST_P(FollowTest, PagesTakeThoseOfTheSameMomentApart) {
  name_all();
  for (std::uint64_t number = 0; number < 9; ++number) {
    const AccountId somebody{100 + number};
    apply({name_record(somebody, 1, "S"), name_record(AccountId{200 + number}, 1, "T")});
    apply({follow_record(post_id(5), somebody, ken),
           follow_record(post_id(5), ken, AccountId{200 + number})});
  }
  for (const auto which : {PeopleQuery::Which::followers, PeopleQuery::Which::following}) {
    const std::vector<std::uint64_t> whole = ids_of(people(which, "h22", {}).value());
    ASSERT_EQ(whole.size(), 9u);
    std::vector<std::uint64_t> got;
    for (std::optional<Cursor> before = Cursor{}; before;) {
      const auto page = people(which, "h22", {}, *before, 2).value();
      for (const std::uint64_t id : ids_of(page)) got.push_back(id);
      before = page.next;
    }
    EXPECT_EQ(got, whole);
  }
}

// Goal: counts and lists equal a plain set, facts are the real changes, and neither depends on where
// batches end. Method: random follows with ids in a wild order, whole and in pieces.
TEST_P(FollowTest, EqualsAPlainSetWhereverBatchesEnd) {
  const char* const given = std::getenv("MATSURI_SEED");
  const std::uint64_t seed =
      given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device{}();
  SCOPED_TRACE("MATSURI_SEED=" + std::to_string(seed));
  std::mt19937_64 random(seed);
  std::vector<Record> records;
  std::map<std::pair<std::uint64_t, std::uint64_t>, std::pair<std::uint64_t, bool>> last;
  for (std::uint16_t number = 0; number < 1500; ++number) {
    const AccountId account{1 + random() % 12};
    const auto target = 1 + random() % 12;
    const bool followed = random() % 3 != 0;
    const PostId id = post_id(static_cast<std::int64_t>(random() % 5000), number);
    const bool is_person = random() % 4 != 0;
    if (is_person && account.value == target) continue;
    records.push_back(is_person ? follow_record(id, account, AccountId{target}, followed)
                                : follow_record(id, account, CommunityId{target}, followed));
    auto& [rev, state] =
        last[{account.value,
              (is_person ? Source::of(AccountId{target}) : Source::of(CommunityId{target})).key}];
    if (id.value > rev) {
      rev = id.value;
      state = followed;
    }
  }
  std::string wanted;
  std::map<std::uint64_t, std::array<std::uint64_t, 3>> counts;  // followers, people, communities
  for (const auto& [pair, state] : last) {
    if (!state.second) continue;
    wanted += std::to_string(pair.first) + ' ' + std::to_string(pair.second) + '\n';
    ++counts[pair.second][0];
    ++counts[pair.first << 1][(pair.second & 1) == 0 ? 1 : 2];
  }
  for (const std::uint64_t piece_max : {std::uint64_t{1}, std::uint64_t{40}, records.size() + 1}) {
    SCOPED_TRACE(piece_max);
    const auto db = fresh();
    std::map<std::pair<std::uint64_t, std::uint64_t>, bool> told;
    for (auto first = records.begin(); first != records.end();) {
      const auto count = std::min<std::int64_t>(
          records.end() - first, static_cast<std::int64_t>(1 + random() % piece_max));
      const auto result = try_apply(*db, {first, first + count}).value();
      for (const auto& fact : result.facts()) {
        const auto& change = std::get<FollowChanged>(fact.event);
        bool& state = told[{change.account.value, Source::of(change.kind, change.target).key}];
        EXPECT_NE(state, change.followed);
        state = change.followed;
      }
      first += count;
    }
    std::string got;
    for (const auto& [pair, state] : told)
      if (state) got += std::to_string(pair.first) + ' ' + std::to_string(pair.second) + '\n';
    EXPECT_EQ(got, wanted) << "facts";
    got.clear();
    const auto reading = db->read_and_wait([&](sql::Connection& connection) -> Result<void> {
      TRY(connection.query(
          "SELECT account, target * 2 + kind - 1 AS source FROM follow "
          "WHERE followed = 1 ORDER BY account, source",
          {}, [&](const sql::Row& row) {
            got += std::to_string(row.id(0)) + ' ' + std::to_string(row.id(1)) + '\n';
          }));
      return connection.query(
          "SELECT id * 2 + kind - 1, follower_count, people_count, community_count FROM tally", {},
          [&](const sql::Row& row) {
            const std::array<std::uint64_t, 3> tally = {row.id(1), row.id(2), row.id(3)};
            EXPECT_EQ(tally, counts[row.id(0)]) << row.id(0);
          });
    });
    ASSERT_TRUE(reading.ok());
    EXPECT_EQ(got, wanted) << "rows";
  }
}

TEST_P(FollowTest, PostsAreCounted) {
  name_all();
  apply({post_record(post_id(1), mio, "one", {.key = 1}),
         post_record(post_id(2), mio, "two", {.key = 1}), post_record(post_id(3), mio, "one"),
         follow_record(post_id(4), ken, mio), post_record(post_id(5), mio, "three")});
  apply({post_record(post_id(6), ken, "four")});
  EXPECT_EQ(relation("h11", {}).post_count, 2u);
  EXPECT_EQ(relation("h11", {}).follower_count, 1u);
  EXPECT_EQ(relation("h22", {}).post_count, 1u);
  EXPECT_EQ(relation("h22", {}).following_count, 1u);
  EXPECT_EQ(community_relation(common_ground, {}).post_count, 3u);
}

}  // namespace
}  // namespace matsuri::timeline
