// Goal: what is asked for twice under one key is made once, and the first answer comes back, on both
// engines, after a restart, and whatever became of it since.
#include <atomic>
#include <set>
#include <thread>

#include "community/internal/keys.h"
#include "community/testing/fixture.h"

namespace matsuri::community {
namespace {

using testing::named;

class CommunityKeyTest : public testing::CommunitiesTest {
 protected:
  // The highest bit of a fingerprint is kept too.
  static Retry retry(int number, std::uint64_t fingerprint = ~std::uint64_t{0}) {
    Retry made{.fingerprint = fingerprint};
    made.key.bytes[15] = static_cast<std::byte>(number);
    return made;
  }
};

MATSURI_FOR_EACH_ENGINE(CommunityKeyTest);

TEST_P(CommunityKeyTest, AKeyGivesTheFirstAnswerAgain) {
  using Kind = Made<Community>::Kind;
  const Actor mio = person("mio"), ken = person("ken");
  const NewCommunity wanted{.title = must_create_title("T").id, .names = named("C")};
  const auto first = make_community(mio, wanted, retry(1));
  ASSERT_TRUE(first.ok()) << first.error().message();
  EXPECT_EQ(first.value().value.kind, Kind::made);
  const Community made = first.value().value.value;
  ASSERT_TRUE(change_community(mio, made.id, {.description = "later"}).ok());
  restart();

  const std::uint64_t before = end_offset();
  const auto again = make_community(mio, wanted, retry(1));
  ASSERT_TRUE(again.ok()) << again.error().message();
  EXPECT_EQ(again.value().value.kind, Kind::replayed);
  EXPECT_EQ(again.value().value.value, made);
  EXPECT_EQ(again.value().position.offset, 0u);
  const auto other = make_community(mio, wanted, retry(1, 2));
  ASSERT_TRUE(other.ok());
  EXPECT_EQ(other.value().value.kind, Kind::key_reused);
  EXPECT_EQ(end_offset(), before);
  EXPECT_EQ(community_of(made.id).description, "later");

  // A key is the account's own, another one makes another community, and none is no key.
  for (const auto& [who, how] :
       {std::pair{ken, retry(1)}, {mio, retry(2)}, {mio, Retry{}}, {mio, Retry{}}}) {
    const auto more = make_community(who, wanted, how);
    ASSERT_TRUE(more.ok());
    EXPECT_EQ(more.value().value.kind, Kind::made);
  }
  // The title is full for mio by now; who asks again is answered all the same.
  EXPECT_EQ(make_community(mio, wanted, retry(3)).error().code(), Code::exhausted);
  EXPECT_EQ(make_community(mio, wanted, retry(2)).value().value.kind, Kind::replayed);
}

TEST_P(CommunityKeyTest, ATitleTooIsMadeOnce) {
  using Kind = Made<Title>::Kind;
  const NewTitle wanted{.names = {{"en", "Road"}, {"ja", "道"}}, .platforms = {"web"}};
  const auto first = make_title(admin_, wanted, retry(1));
  ASSERT_TRUE(first.ok());
  ASSERT_TRUE(change_title(admin_, first.value().value.value.id, {.publisher = "P"}).ok());
  const auto again = make_title(admin_, wanted, retry(1));
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(again.value().value.kind, Kind::replayed);
  EXPECT_EQ(again.value().value.value, first.value().value.value);
  EXPECT_EQ(make_title(admin_, wanted, retry(1, 2)).value().value.kind, Kind::key_reused);
  // One key for two things is one for two requests.
  const NewCommunity community{.title = first.value().value.value.id, .names = named("C")};
  EXPECT_EQ(make_community(admin_, community, retry(1, 3)).value().value.kind,
            Made<Community>::Kind::key_reused);
  EXPECT_EQ(number_of("SELECT COUNT(*) FROM title"), 1);
}

TEST_P(CommunityKeyTest, HoweverManyAskAtOnceOneIsMade) {
  const Actor mio = person("mio");
  const NewCommunity wanted{.title = must_create_title("T").id, .names = named("C")};
  std::atomic<int> made{0};
  std::vector<std::uint64_t> ids(8);
  std::vector<std::thread> threads;
  for (std::uint64_t& id : ids)
    threads.emplace_back([&] {
      const auto answer = make_community(mio, wanted, retry(1));
      ASSERT_TRUE(answer.ok());
      id = answer.value().value.value.id.value;
      made += answer.value().value.kind == Made<Community>::Kind::made ? 1 : 0;
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(made, 1);
  EXPECT_EQ(std::set(ids.begin(), ids.end()).size(), 1u);
}

TEST_P(CommunityKeyTest, AKeyIsKeptForSevenDaysAndThatOfARefusalIsFree) {
  const Actor mio = person("mio");
  const NewCommunity wanted{.title = must_create_title("T").id, .names = named("C")};
  EXPECT_EQ(
      make_community(mio, {.title = TitleId{5}, .names = named("C")}, retry(1)).error().code(),
      Code::not_found);
  ASSERT_TRUE(make_community(mio, wanted, retry(1, 1)).ok());
  advance_ms(key_age_ms);
  ASSERT_TRUE(make_community(mio, wanted, retry(2)).ok());
  EXPECT_EQ(number_of("SELECT COUNT(*) FROM community_key"), 2);
  advance_ms(1);
  ASSERT_TRUE(make_community(mio, wanted, retry(3)).ok());
  EXPECT_EQ(number_of("SELECT COUNT(*) FROM community_key"), 2);
}

}  // namespace
}  // namespace matsuri::community
