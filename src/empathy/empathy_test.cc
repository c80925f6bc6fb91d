// Goal: the set is what its commands say, counts never differ from it, and reads leave out what
// their viewer may not see.
#include "empathy/testing/fixture.h"

namespace matsuri::empathy {
namespace {

using stream::Outcome;
using testing::empathy_record;
using testing::id_at;
using testing::person_record;
using testing::record_of;
using Ids = std::vector<AccountId>;

constexpr AccountId mio{11}, ken{22}, rin{33}, sora{44};
// Large, as ids are.
constexpr PostId post{(std::uint64_t{1} << 61) + 1}, other{(std::uint64_t{1} << 61) + 2};

class EmpathyTest : public testing::ViewTest {
 protected:
  void introduce() {
    apply({person_record(mio), person_record(ken), person_record(rin), person_record(sora)});
  }
  Ids felt(AccountId viewer = {}) {
    return ids_of(people_of({.post = post, .post_author = mio, .viewer = viewer}));
  }
};
MATSURI_FOR_EACH_ENGINE(EmpathyTest);

TEST_P(EmpathyTest, SaysAFactForEachRealChangeInOrder) {
  const stream::BatchResult result = apply({empathy_record(id_at(1), post, mio, ken, true),
                                            empathy_record(id_at(2), post, mio, rin, true),
                                            empathy_record(id_at(3), post, mio, ken, true),
                                            empathy_record(id_at(4), post, mio, ken, false),
                                            empathy_record(id_at(5), post, mio, mio, true)});
  EXPECT_EQ(result.outcomes(), (std::vector{Outcome::applied, Outcome::applied, Outcome::duplicate,
                                            Outcome::applied, Outcome::refused}));
  EXPECT_EQ(result.refusals().at(0).code, Code::denied);
  ASSERT_EQ(result.facts().size(), 3u);
  EXPECT_EQ(std::get<EmpathyChanged>(result.facts()[1].event),
            (EmpathyChanged{.post = post,
                            .post_author = mio,
                            .community = common_ground,
                            .account = rin,
                            .rev = id_at(2),
                            .given = true,
                            .count = 2,
                            .count_rev = 2}));
  EXPECT_EQ(result.facts()[1].unix_ms, testing::start_ms + 2);
  EXPECT_EQ(result.facts()[1].account, rin);
  const auto& last = std::get<EmpathyChanged>(result.facts()[2].event);
  EXPECT_EQ(last.given, false);
  EXPECT_EQ(last.count, 1u);
  EXPECT_EQ(last.count_rev, 3u);
  // The count goes on where it was in the next batch.
  const stream::BatchResult next = apply({empathy_record(id_at(6), post, mio, sora, true)});
  EXPECT_EQ(std::get<EmpathyChanged>(next.facts().at(0).event).count, 2u);
  EXPECT_EQ(std::get<EmpathyChanged>(next.facts().at(0).event).count_rev, 4u);
}

TEST_P(EmpathyTest, TheLatestCommandOfAPairHoldsWhicheverComesFirst) {
  introduce();
  apply({empathy_record(id_at(9), post, mio, ken, false)});
  EXPECT_EQ(apply({empathy_record(id_at(8), post, mio, ken, true)}).outcomes().at(0),
            Outcome::duplicate);
  EXPECT_EQ(felt(), Ids{});
  apply({empathy_record(id_at(10), post, mio, ken, true)});
  EXPECT_EQ(felt(), Ids{ken});
  // The first command of all may be the one that takes back: it is remembered, and says nothing.
  EXPECT_TRUE(apply({empathy_record(id_at(20), other, mio, ken, false)}).facts().empty());
  EXPECT_EQ(apply({empathy_record(id_at(19), other, mio, ken, true)}).outcomes().at(0),
            Outcome::duplicate);
}

TEST_P(EmpathyTest, ADeletedPostHasNoneWhicheverComesFirst) {
  introduce();
  apply({empathy_record(id_at(1), post, mio, ken, true)});
  apply({record_of(PostDeleted{.post = post, .author = mio}),
         record_of(PostDeleted{.post = other, .author = mio})});
  EXPECT_EQ(felt(), Ids{});
  for (const PostId gone : {post, other}) {
    const stream::BatchResult late = apply({empathy_record(id_at(2), gone, mio, rin, true),
                                            empathy_record(id_at(3), gone, mio, ken, false)});
    EXPECT_EQ(late.outcomes(), (std::vector{Outcome::refused, Outcome::duplicate}));
    EXPECT_EQ(late.refusals().at(0).code, Code::not_found);
    EXPECT_TRUE(late.facts().empty());
  }
  EXPECT_EQ(posts_of({.handle = "h22"}).value().posts, std::vector<PostId>{});
}

TEST_P(EmpathyTest, PagesOfPeopleAreNewestFirstAndWhole) {
  introduce();
  apply({empathy_record(id_at(1), post, mio, ken, true),
         empathy_record(id_at(2), post, mio, rin, true),
         empathy_record(id_at(3), post, mio, sora, true)});
  const PeoplePage first = people_of({.post = post, .post_author = mio, .count_max = 2});
  EXPECT_EQ(ids_of(first), (Ids{sora, rin}));
  EXPECT_EQ(first.people[0].name, "Name 44");
  const PeoplePage second =
      people_of({.post = post, .post_author = mio, .before = *first.next, .count_max = 2});
  EXPECT_EQ(ids_of(second), Ids{ken});
  EXPECT_EQ(second.next, std::nullopt);
  EXPECT_EQ(people_of({.post = post, .post_author = mio, .count_max = 3}).next, std::nullopt);
}

// Imported empathies of one millisecond have one id: a page that ends among them goes on among
// them.
TEST_P(EmpathyTest, PagesTakeThoseOfTheSameMomentApart) {
  introduce();
  apply({empathy_record(id_at(1), post, mio, ken, true),
         empathy_record(id_at(1), post, mio, rin, true),
         empathy_record(id_at(1), post, mio, sora, true),
         empathy_record(id_at(1), other, mio, ken, true)});
  Ids people;
  for (std::optional<Cursor> before = Cursor{}; before;) {
    const PeoplePage page =
        people_of({.post = post, .post_author = mio, .before = *before, .count_max = 1});
    for (const people::Person& one : page.people) people.push_back(one.id);
    before = page.next;
  }
  EXPECT_EQ(people, (Ids{sora, rin, ken}));
  std::vector<PostId> posts;
  for (std::optional<Cursor> before = Cursor{}; before;) {
    const PostsPage page = posts_of({.handle = "h22", .before = *before, .count_max = 1}).value();
    posts.insert(posts.end(), page.posts.begin(), page.posts.end());
    before = page.next;
  }
  EXPECT_EQ(posts.size(), 2u);
}

TEST_P(EmpathyTest, HidesBlockedMutedAndPrivatePeople) {
  introduce();
  apply({empathy_record(id_at(1), post, mio, ken, true),
         empathy_record(id_at(2), post, mio, rin, true)});
  apply({record_of(BlockChanged{sora, ken, 1, true}), record_of(MuteChanged{sora, rin, 1, true})});
  EXPECT_EQ(felt(sora), Ids{});
  EXPECT_EQ(felt(ken), (Ids{rin, ken}));
  apply(
      {record_of(BlockChanged{sora, ken, 2, false}), record_of(BlockChanged{ken, sora, 1, true})});
  EXPECT_EQ(felt(sora), Ids{});
  apply({record_of(BlockChanged{ken, sora, 2, false}), person_record(ken, 2, Audience::nobody)});
  EXPECT_EQ(felt(sora), Ids{});
  EXPECT_EQ(felt({}), Ids{rin});
  EXPECT_EQ(felt(ken), (Ids{rin, ken}));
  EXPECT_EQ(felt(mio), (Ids{rin, ken}));  // the post is mio's
}

TEST_P(EmpathyTest, PostsOfAPersonFollowTheirPrivacy) {
  introduce();
  apply({empathy_record(id_at(1), post, mio, ken, true),
         empathy_record(id_at(2), other, mio, ken, true)});
  const PostsPage page = posts_of({.handle = "h22", .viewer = rin, .count_max = 1}).value();
  EXPECT_EQ(page.posts, std::vector<PostId>{other});
  EXPECT_EQ(posts_of({.handle = "h22", .before = *page.next}).value().posts,
            std::vector<PostId>{post});
  EXPECT_EQ(posts_of({.handle = "nobody"}).error().code(), Code::not_found);
  apply({record_of(BlockChanged{ken, rin, 1, true})});
  EXPECT_EQ(posts_of({.handle = "h22", .viewer = rin}).error().code(), Code::denied);
  EXPECT_TRUE(posts_of({.handle = "h22", .viewer = sora}).ok());
  apply({person_record(ken, 2, Audience::nobody)});
  EXPECT_EQ(posts_of({.handle = "h22", .viewer = sora}).error().code(), Code::denied);
  EXPECT_EQ(posts_of({.handle = "h22"}).error().code(), Code::denied);
  EXPECT_EQ(posts_of({.handle = "h22", .viewer = ken}).value().posts.size(), 2u);
}

TEST_P(EmpathyTest, MarksAreOfTheViewerAlone) {
  apply({empathy_record(id_at(1), post, mio, ken, true),
         empathy_record(id_at(2), other, mio, rin, true)});
  const std::vector<PostId> asked = {post, other, PostId{3000}};
  const auto marks = [&](AccountId account) {
    return read([&](sql::Connection& connection) { return given_by(connection, account, asked); })
        .value();
  };
  EXPECT_EQ(marks(ken), std::unordered_set<PostId>{post});
  EXPECT_EQ(marks(sora).size(), 0u);
  EXPECT_EQ(marks({}).size(), 0u);
}

}  // namespace
}  // namespace matsuri::empathy
