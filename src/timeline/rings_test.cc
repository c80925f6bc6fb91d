// Goal: a ring is what sorting and cutting would give, whatever is added, removed and evicted; and it
// costs what rings.h says.
#include "timeline/rings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <malloc.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <random>
#include <set>

namespace matsuri::timeline {
namespace {

using ::testing::ElementsAre;

Source person(std::uint64_t id) { return Source::of(AccountId{id}); }

std::vector<std::uint64_t> ids_of(Rings& rings, Source source) {
  const Rings::Place place = rings.find(source);
  if (place == Rings::nowhere) return {};
  const auto ids = rings.view(place).ids;
  return {ids.begin(), ids.end()};
}

TEST(Rings, SourcesOfOneNumberAreTwo) {
  EXPECT_NE(Source::of(AccountId{5}), Source::of(CommunityId{5}));
  EXPECT_EQ(Source::of(CommunityId{5}).id(), 5u);
  EXPECT_TRUE(Source::of(FollowKind::community, 5).is_community());
  EXPECT_EQ(Source::of(FollowKind::person, 5), Source::of(AccountId{5}));
}

TEST(Rings, KeepTheNewestAndSayFromWhereOn) {
  Rings rings({.count_max = 4});
  rings.add(person(1), PostId{9});
  EXPECT_EQ(rings.find(person(1)), Rings::nowhere) << "what is not loaded is not begun";
  rings.put(person(1), {}, 0);
  for (const std::uint64_t id : {20u, 10u, 30u, 30u}) rings.add(person(1), PostId{id});
  EXPECT_THAT(ids_of(rings, person(1)), ElementsAre(10, 20, 30));
  EXPECT_EQ(rings.view(rings.find(person(1))).floor, 0u);
  rings.add(person(1), PostId{40});
  rings.add(person(1), PostId{5});  // full: from 10 on it is complete
  EXPECT_THAT(ids_of(rings, person(1)), ElementsAre(10, 20, 30, 40));
  EXPECT_EQ(rings.view(rings.find(person(1))).floor, 10u);
  rings.add(person(1), PostId{25});
  EXPECT_THAT(ids_of(rings, person(1)), ElementsAre(20, 25, 30, 40));
  EXPECT_EQ(rings.view(rings.find(person(1))).floor, 20u);
  rings.remove(person(1), PostId{40});
  rings.remove(person(1), PostId{40});
  rings.add(person(1), PostId{12});  // below the floor
  EXPECT_THAT(ids_of(rings, person(1)), ElementsAre(20, 25, 30));
  EXPECT_EQ(rings.newest(rings.find(person(1))), 30u);
}

TEST(Rings, AHintThatIsWrongHarmsNobody) {
  Rings rings({.count_max = 4});
  const std::uint64_t ids[] = {7};
  rings.put(person(1), ids, 0);
  rings.put(person(2), ids, 0);
  const Rings::Place first = rings.find(person(1));
  EXPECT_EQ(rings.find(person(2), first), rings.find(person(2)));
  EXPECT_EQ(rings.find(person(3), first), Rings::nowhere);
  EXPECT_EQ(rings.find(person(1), 12'345), first);
  rings.forget(person(1));
  EXPECT_EQ(rings.find(person(1), first), Rings::nowhere);
  rings.prefetch(first);
  rings.prefetch(Rings::nowhere);
}

// Method: random puts, adds, removes and forgets beside sets of all posts.
TEST(Rings, EqualASortedSetThatIsCut) {
  const char* const given = std::getenv("MATSURI_SEED");
  const std::uint64_t seed =
      given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device{}();
  SCOPED_TRACE("MATSURI_SEED=" + std::to_string(seed));
  std::mt19937_64 random(seed);
  Rings rings({.count_max = 5});
  std::map<Source, std::set<std::uint64_t>> posts;
  std::set<Source> loaded;
  for (int step = 0; step < 60'000; ++step) {
    const Source source = person(1 + random() % 700);
    std::set<std::uint64_t>& all = posts[source];
    const std::uint64_t id = 1 + random() % 60;
    switch (random() % 8) {
      case 0:
        rings.forget(source);
        loaded.erase(source);
        break;
      case 1: {
        const std::vector<std::uint64_t> ids(all.begin(), all.end());
        rings.put(source, ids, 0);
        loaded.insert(source);
        break;
      }
      case 2:
      case 3:
        all.erase(id);
        rings.remove(source, PostId{id});
        break;
      default:
        all.insert(id);
        rings.add(source, PostId{id});
    }
    const Rings::Place place = rings.find(source);
    ASSERT_EQ(place != Rings::nowhere, loaded.contains(source));
    if (place == Rings::nowhere) continue;
    const Rings::View ring = rings.view(place);
    ASSERT_LE(ring.ids.size(), 5u);
    const std::vector<std::uint64_t> wanted(all.lower_bound(ring.floor), all.end());
    ASSERT_TRUE(std::ranges::equal(ring.ids, wanted));
    ASSERT_EQ(rings.newest(place), wanted.empty() ? 0 : wanted.back());
  }
  EXPECT_EQ(rings.count(), loaded.size());
}

TEST(Rings, StayWithinTheirSizeAndKeepWhatIsLookedAt) {
  Rings rings({.count_max = 64, .size_max = 400'000});
  std::vector<std::uint64_t> ids(64);
  for (std::size_t index = 0; index < ids.size(); ++index) ids[index] = index + 1;
  rings.put(person(1), ids, 1);
  for (std::uint64_t id = 2; id < 20'000; ++id) {
    rings.put(person(id), ids, 1);
    ASSERT_LE(rings.size(), 400'000u);
    ASSERT_NE(rings.find(person(1)), Rings::nowhere) << id;
  }
  EXPECT_GT(rings.count(), 400u);
  EXPECT_LT(rings.count(), 800u);
  // Growing counts as well.
  Rings growing({.count_max = 64, .size_max = 400'000});
  for (std::uint64_t id = 1; id < 2'000; ++id) growing.put(person(id), {}, 0);
  for (std::uint64_t post = 1; post < 64; ++post)
    for (std::uint64_t id = 1; id < 2'000; ++id) growing.add(person(id), PostId{post});
  EXPECT_LE(growing.size(), 400'000u);
  // A bound that nothing fits in leaves nothing, and does not hang.
  Rings tiny({.count_max = 4, .size_max = 1});
  tiny.put(person(1), {}, 0);
  EXPECT_EQ(tiny.count(), 0u);
}

// Goal: the bytes that are counted are those that the allocator gives; and few.
TEST(Rings, CostWhatTheySay) {
  const auto used = [] { return static_cast<std::size_t>(mallinfo2().uordblks); };
  [[maybe_unused]] const std::size_t before = used();
  Rings rings({});
  std::vector<std::uint64_t> ids;
  constexpr std::size_t count = 30'000;
  for (std::uint64_t id = 1; id <= count; ++id) {
    ids.assign(id % 25, 0);  // 12 on average
    for (std::size_t index = 0; index < ids.size(); ++index) ids[index] = index + 1;
    rings.put(person(id), ids, 0);
  }
#if !defined(__SANITIZE_ADDRESS__) && !__has_feature(address_sanitizer) && \
    !__has_feature(thread_sanitizer)
  const auto real = static_cast<double>(used() - before);
  EXPECT_NEAR(static_cast<double>(rings.size()) / real, 1, 0.1);
#endif
  // 12 posts of 8 bytes, the ring, its entry in the table, and what the allocator adds.
  EXPECT_LT(rings.size() / count, 12 * 8 + 40 + 11 + 24);
  RecordProperty("bytes_per_ring", static_cast<int>(rings.size() / count));
}

}  // namespace
}  // namespace matsuri::timeline
