#include "ops/upkeep.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <thread>

#include "ops/testing/world.h"
#include "stream/rebuild.h"

namespace matsuri::ops::testing {
namespace {

class UpkeepTest : public WorldTest {
 protected:
  UpkeepParts parts_of(World& world) {
    return {.accounts = *world.accounts,
            .journal = *world.journal,
            .stream = *world.stream,
            .databases =
                {{.outbox = *world.main_outbox,
                  .clean_up = [&](std::int64_t) { return world.accounts->forget_old_sessions(); }},
                 {.outbox = *world.timeline_outbox,
                  .has_view = true,
                  .clean_up = [&](std::int64_t now_ms) { return forget_keys(world, now_ms); }}},
            .data = world.place.data,
            .snapshot_folder = world.place.data + "/snapshots",
            .journal_keep_size = 0,
            .clock = clock_};
  }

  static Result<std::uint64_t> forget_keys(World& world, std::int64_t now_ms) {
    std::uint64_t count = 0;
    TRY(world.timeline_db->write_and_wait([&](sql::Connection& connection) -> Result<void> {
      TRY_ASSIGN(count, timeline::forget_old_keys(connection, now_ms));
      return {};
    }));
    return count;
  }

  static std::size_t segment_count(const World& world) {
    std::size_t count = 0;
    for (const auto& entry :
         std::filesystem::directory_iterator(world.place.data + "/journal/main"))
      if (entry.path().extension() == ".seg") ++count;
    return count;
  }

  // So many records that several segments of a MiB are full.
  static void fill(World& world, AccountId author, const std::string& head) {
    for (int count = 0; count < 3000; ++count)
      world.post(author, head + std::to_string(count) + std::string(1000, 'x'));
    world.drain();
  }

  io::ManualClock clock_{1'795'000'000'000};
};
MATSURI_FOR_EACH_ENGINE(UpkeepTest);

// Goal: a record goes only when a snapshot has it, and not while somebody holds RETAIN.
TEST_P(UpkeepTest, DropsWhatASnapshotHas) {
  World world(fresh_place("data"));
  const AccountId hana = world.person("hana");
  fill(world, hana, "a");
  const std::size_t full = segment_count(world);
  ASSERT_GE(full, 3U);
  Upkeep upkeep(parts_of(world));
  ASSERT_TRUE(upkeep.run_once().ok());
  EXPECT_EQ(segment_count(world), full) << "without a snapshot nothing could be built again";

  clock_.advance_ms(first_snapshot_ms);
  {
    const auto retained = retain(io::posix_files(), world.place.data);
    ASSERT_TRUE(retained.ok());
    ASSERT_TRUE(upkeep.run_once().ok());
    EXPECT_EQ(segment_count(world), full) << "somebody copies them";
  }
  ASSERT_TRUE(upkeep.run_once().ok());
  EXPECT_EQ(segment_count(world), 1U);

  fill(world, hana, "b");
  ASSERT_TRUE(upkeep.run_once().ok());
  EXPECT_GE(segment_count(world), 3U) << "the snapshot is from before them";
  clock_.advance_ms(snapshot_period_ms);
  ASSERT_TRUE(upkeep.run_once().ok());
  EXPECT_EQ(segment_count(world), 1U);
}

// Goal: what is left after retention is enough to build the view again.
TEST_P(UpkeepTest, LeavesEnoughToRebuild) {
  if (GetParam() == sql::Engine::mariadb) return;  // Rebuilds into a schema that somebody emptied.
  const Place place = fresh_place("data");
  std::vector<std::string> before;
  {
    World world(place);
    const AccountId hana = world.person("hana");
    fill(world, hana, "a");
    Upkeep upkeep(parts_of(world));
    clock_.advance_ms(first_snapshot_ms);
    ASSERT_TRUE(upkeep.run_once().ok());
    ASSERT_EQ(segment_count(world), 1U);
    world.post(hana, "after the snapshot");
    world.drain();
    before = world.texts();
  }
  const auto snapshot =
      stream::newest_snapshot(io::posix_files(), place.data + "/snapshots", "timeline");
  ASSERT_TRUE(snapshot.ok() && snapshot.value().has_value());
  const Result<void> prepared = stream::prepare_rebuild(place.timeline, snapshot.value(),
                                                        io::posix_files(), io::system_random());
  ASSERT_TRUE(prepared.ok()) << prepared.error().to_string();
  World world(place);
  world.drain();
  EXPECT_EQ(world.texts(), before);
  EXPECT_THAT(findings(place), ::testing::IsEmpty());
}

// Goal: hourly jobs forget what is too old, and only that.
TEST_P(UpkeepTest, ForgetsOldKeys) {
  World world(fresh_place("data"));
  const AccountId hana = world.person("hana");
  world.post(hana, "with a key", 77);
  world.drain();
  const auto key_count = [&] {
    std::int64_t count = -1;
    EXPECT_TRUE(world.timeline_db
                    ->read_and_wait([&](sql::Connection& connection) -> Result<void> {
                      TRY_ASSIGN(const auto found,
                                 connection.integer("SELECT COUNT(*) FROM idempotency"));
                      count = found.value_or(-1);
                      return {};
                    })
                    .ok());
    return count;
  };
  clock_.step_ms(io::system_clock().unix_ms() - clock_.unix_ms());
  Upkeep upkeep(parts_of(world));
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  EXPECT_EQ(key_count(), 1);
  clock_.advance_ms(std::int64_t{9} * 24 * 3600 * 1000);
  for (int turn = 0; turn < 1000 && key_count() != 0; ++turn)
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  EXPECT_EQ(key_count(), 0);
}

}  // namespace
}  // namespace matsuri::ops::testing
