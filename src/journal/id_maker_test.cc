// Ids never repeat and never go back: not with a step of the clock, a restart, a kill or a cut.
#include "journal/id_maker.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "journal/testing/support.h"

namespace matsuri::journal {
namespace {

using namespace testing;

constexpr Region region{3};
constexpr Node node{17};

class IdMakerTest : public ::testing::Test {
 protected:
  Result<std::unique_ptr<IdMaker>> try_open() {
    return IdMaker::open(
        {.path = "ids", .region = region, .node = node, .files = &disk_, .clock = &clock_});
  }
  std::unique_ptr<IdMaker> open() {
    auto maker = try_open();
    EXPECT_TRUE(maker.ok()) << maker.error().to_string();
    return std::move(maker).value();
  }
  // Waits for a reservation where that takes a moment.
  static std::uint64_t next(IdMaker& maker) {
    for (;;) {
      const auto id = maker.next();
      if (id.ok()) return *id;
      EXPECT_EQ(id.error().code(), Code::busy);
      std::this_thread::yield();
    }
  }
  // As kill -9 leaves it: the reservation is not given back.
  void kill(std::unique_ptr<IdMaker> maker) {
    const std::string reserved = io::read_file(disk_, "ids", 100).value();
    maker.reset();
    ASSERT_TRUE(io::replace_file(disk_, "ids", as_bytes(reserved)).ok());
  }
  std::int64_t ahead_ms(std::uint64_t id) const { return parts_of(id).unix_ms - clock_.unix_ms(); }

  io::SimDisk disk_;
  io::ManualClock clock_{now_ms};
};

TEST_F(IdMakerTest, MakesIdsOfTheClockAndTheNode) {
  auto maker = open();
  const IdParts first = parts_of(next(*maker));
  EXPECT_EQ(first.unix_ms, now_ms);
  EXPECT_EQ(first.region, region);
  EXPECT_EQ(first.node, node);
  EXPECT_EQ(first.sequence, 0U);
  EXPECT_EQ(parts_of(next(*maker)).sequence, 1U);
  clock_.advance_ms(5);
  EXPECT_EQ(parts_of(next(*maker)).unix_ms, now_ms + 5);
  EXPECT_EQ(parts_of(next(*maker)).sequence, 1U);
}

TEST_F(IdMakerTest, GoesIntoTheNextMillisecondWhereOneIsFull) {
  auto maker = open();
  std::uint64_t last = 0;
  for (int i = 0; i < 3 * 2048; ++i) {
    const std::uint64_t id = next(*maker);
    ASSERT_GT(id, last);
    last = id;
  }
  EXPECT_EQ(parts_of(last).unix_ms, now_ms + 2);
  EXPECT_EQ(parts_of(last).sequence, 2047U);
}

TEST_F(IdMakerTest, GrowsWhereTheClockStepsBack) {
  auto maker = open();
  std::uint64_t last = next(*maker);
  for (const std::int64_t step : {-1, -1000, -3'600'000, 10, -5}) {
    clock_.step_ms(step);
    for (int i = 0; i < 10; ++i) {
      const std::uint64_t id = next(*maker);
      ASSERT_GT(id, last);
      last = id;
    }
  }
  EXPECT_EQ(parts_of(last).unix_ms, now_ms);
}

TEST_F(IdMakerTest, FollowsWhereTheClockStepsAhead) {
  auto maker = open();
  const std::uint64_t before = next(*maker);
  clock_.step_ms(3'600'000);
  const std::uint64_t after = next(*maker);
  EXPECT_GT(after, before);
  EXPECT_EQ(ahead_ms(after), 0);
}

TEST_F(IdMakerTest, GoesOnAboveTheLastIdAfterARestart) {
  std::uint64_t last = 0;
  for (int start = 0; start < 10; ++start) {
    auto maker = open();
    for (int i = 0; i < 3; ++i) {
      const std::uint64_t id = next(*maker);
      ASSERT_GT(id, last);
      last = id;
    }
    if (start % 3 == 1) clock_.step_ms(-60'000);
  }
  clock_.step_ms(3 * 60'000);
  EXPECT_LE(ahead_ms(last), 100) << "a clean stop gives back what it reserved";
}

TEST_F(IdMakerTest, GoesOnAboveTheCeilingAfterAKill) {
  std::uint64_t last = 0;
  for (int start = 0; start < 10; ++start) {
    auto maker = open();
    const std::uint64_t id = next(*maker);
    ASSERT_GT(id, last);
    last = id;
    ASSERT_LE(ahead_ms(id), 10'000) << "not forty seconds ahead after ten kills at once";
    kill(std::move(maker));
  }
  // One kill alone is less ahead than a peer refuses.
  clock_.advance_ms(60'000);
  kill(open());
  auto maker = open();
  EXPECT_LT(ahead_ms(next(*maker)), id_ahead_ms_max);
}

// Goal: an id is made only below a ceiling that is durable. Method: cut the power, with nothing that
// was not synced surviving, after each of many ids.
TEST_F(IdMakerTest, RepeatsNothingWhereverThePowerGoes) {
  io::SeededRandom random(seed_of_run());
  std::uint64_t last = 0;
  for (int cut = 0; cut < 200; ++cut) {
    {
      disk_.cut_before(disk_.operation_count() + random.next_u64() % 14);
      auto maker = try_open();
      for (int i = 0; maker.ok() && i < 20; ++i) {
        const auto id = (*maker)->next();
        clock_.advance_ms(static_cast<std::int64_t>(random.next_u64() % 1500));
        if (!id.ok()) {
          std::this_thread::yield();
          continue;
        }
        ASSERT_GT(*id, last);
        last = *id;
      }
    }
    disk_.power_on(cut % 2 == 0 ? io::Survival::none : io::Survival::random, random);
    if (cut % 5 == 0) clock_.step_ms(-20'000);
  }
  EXPECT_NE(last, 0U);
}

TEST_F(IdMakerTest, MakesNoneWhereItCannotReserve) {
  auto maker = open();
  next(*maker);
  disk_.on_operation([](io::DiskOperation, const std::string&) -> Result<void> {
    return Error(Code::exhausted, "full");
  });
  std::uint64_t count = 0;
  while (maker->next().ok()) {
    clock_.advance_ms(100);
    ASSERT_LT(++count, 100U);
  }
  EXPECT_EQ(maker->next().error().code(), Code::busy);
  EXPECT_GT(count, 30U) << "the reservation is used to its end";
  disk_.on_operation(nullptr);
  EXPECT_EQ(ahead_ms(next(*maker)), 0) << "it goes on by itself";
}

TEST_F(IdMakerTest, GoesAboveWhatItWasShown) {
  auto maker = open();
  std::uint64_t last = next(*maker);
  for (const IdParts& parts :
       {IdParts{.unix_ms = now_ms + 1000, .region = Region{1}, .node = Node{200}, .sequence = 7},
        IdParts{.unix_ms = now_ms + 1000, .region = Region{7}, .node = Node{1}, .sequence = 7},
        IdParts{.unix_ms = now_ms + 1000, .region = region, .node = node, .sequence = 2047},
        IdParts{.unix_ms = now_ms + id_ahead_ms_max, .region = region, .node = node}}) {
    const std::uint64_t seen = compose_id(parts);
    ASSERT_TRUE(maker->observe(seen).ok());
    const std::uint64_t id = next(*maker);
    EXPECT_GT(id, seen);
    EXPECT_GT(id, last);
    last = id;
  }
  ASSERT_TRUE(maker->observe(compose_id({.unix_ms = now_ms - 1000})).ok());
  EXPECT_GT(next(*maker), last);
}

TEST_F(IdMakerTest, RefusesWhatIsTooFarAhead) {
  auto maker = open();
  const std::uint64_t last = next(*maker);
  const auto ahead = maker->observe(compose_id({.unix_ms = now_ms + id_ahead_ms_max + 1}));
  ASSERT_FALSE(ahead.ok());
  EXPECT_EQ(ahead.error().code(), Code::invalid);
  EXPECT_EQ(next(*maker), last + 1) << "and is not moved by it";
}

TEST_F(IdMakerTest, MakesEachIdOnceForManyThreads) {
  constexpr std::size_t thread_count = 4, id_count = 20'000;
  auto maker = open();
  std::vector<std::vector<std::uint64_t>> made(thread_count);
  std::vector<std::thread> threads;
  for (auto& mine : made)
    threads.emplace_back([&] {
      for (std::size_t i = 0; i < id_count; ++i) mine.push_back(next(*maker));
    });
  for (std::thread& thread : threads) thread.join();
  std::set<std::uint64_t> all;
  for (const auto& mine : made) {
    EXPECT_TRUE(std::is_sorted(mine.begin(), mine.end()));
    all.insert(mine.begin(), mine.end());
  }
  EXPECT_EQ(all.size(), thread_count * id_count);
}

TEST_F(IdMakerTest, LeavesACeilingAboveItsIds) {
  EXPECT_EQ(read_id_ceiling(disk_, "ids").error().code(), Code::not_found);
  auto maker = open();
  const std::uint64_t id = next(*maker);
  EXPECT_GT(read_id_ceiling(disk_, "ids").value(), parts_of(id).unix_ms);
  maker.reset();
  EXPECT_GT(read_id_ceiling(disk_, "ids").value(), parts_of(id).unix_ms);
}

TEST_F(IdMakerTest, RefusesADamagedCeiling) {
  next(*open());
  const std::string good = io::read_file(disk_, "ids", 100).value();
  for (std::size_t at = 0; at < good.size(); ++at) {
    std::string bad = good;
    bad[at] = static_cast<char>(bad[at] ^ 0x10);
    ASSERT_TRUE(io::replace_file(disk_, "ids", as_bytes(bad)).ok());
    const auto maker = try_open();
    ASSERT_FALSE(maker.ok()) << at;
    EXPECT_EQ(maker.error().code(), Code::corrupt) << at;
  }
  for (const std::string& bad : {std::string(), good.substr(1), good + "x", good + good + good}) {
    ASSERT_TRUE(io::replace_file(disk_, "ids", as_bytes(bad)).ok());
    EXPECT_EQ(try_open().error().code(), Code::corrupt);
  }
}

}  // namespace
}  // namespace matsuri::journal
