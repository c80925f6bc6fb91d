// Goal: the feed has each applied command once, in the order of its arena, whatever else the shards
// hold and however one reads.
// Method: commands of two titles from several threads through real sequencers, read in pages of
// every small size, by waiting, and by following; and a slot that came from another shard.
#include "game/feed.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "game/commands.h"
#include "game/schema_json.h"
#include "sequencer/testing/world.h"
#include "sql/testing/engines.h"

namespace matsuri::game {
namespace {

constexpr TitleId ours{7}, theirs{8};
constexpr std::uint64_t world = 77;

class FeedTest : public sql::ForEachEngine {
 protected:
  void start(std::size_t shard_count) {
    auto schema = std::make_shared<const TitleSchema>(
        parse_schema(R"({"kinds":[{"name":"boss","fields":[{"name":"hp"}]}]})").value());
    for (const TitleId title : {ours, theirs}) directory_.put_schema(title, 1, schema);
    sequencer::SequencerOptions options{.owner = {.name = "node"}};
    std::vector<ShardDb> shards;
    for (std::size_t i = 0; i < shard_count; ++i) {
      dbs_.push_back(open());
      options.shards.push_back(dbs_.back().get());
      shards.push_back({.db = dbs_.back().get(), .incarnation = i + 1});
    }
    auto started = sequencer::Sequencer::start(options, directory_.schemas(), io::system_clock());
    ASSERT_TRUE(started.ok()) << started.error().to_string();
    sequencer_ = std::move(*started);
    feed_ = std::make_unique<Feed>(shards, world, io::system_clock());
    commands_ = std::make_unique<Commands>(CommandsParts{
        .sequencer = *sequencer_,
        .directory = directory_,
        .shards = shards,
        .clock = io::system_clock(),
        .on_applied = [this](std::size_t shard, std::uint64_t seq) { feed_->wake(shard, seq); }});
  }
  void TearDown() override {
    sequencer_.reset();
    feed_.reset();
    commands_.reset();
    dbs_.clear();
  }

  // Adds 1 to a boss of that arena, `count` times in one request; every third is refused.
  void hit(TitleId title, const std::string& arena, std::size_t count) {
    std::vector<SentCommand> sent(count);
    for (std::size_t i = 0; i < count; ++i) {
      sequencer::Command& command = sent[i].command;
      io::system_random().fill(std::as_writable_bytes(std::span(command.key.bytes)));
      const std::int64_t now_ms = io::system_clock().unix_ms();
      for (std::size_t byte = 0; byte < 6; ++byte)
        command.key.bytes[byte] = static_cast<std::uint8_t>(now_ms >> (40 - 8 * byte));
      command.key.bytes[6] = 0x70;
      command.key.bytes[8] = 0x80;
      command.entities = {{.title = title, .arena = arena, .kind = 1, .id = "b"}};
      if (i % 3 == 2)
        command.guards = {{.compare = sequencer::Compare::version, .value = 1'000'000}};
      command.steps = {{.field = 0, .operation = sequencer::Operation::add, .value = 1}};
      sent[i].has_key = true;
    }
    std::promise<void> done;
    commands_->run(title, std::move(sent), inline_, [&](const ToldAll&) { done.set_value(); });
    done.get_future().wait();
  }

  FeedPage page(FeedQuery query, std::int64_t wait_ms = 0, bool from_now = false) {
    std::promise<FeedPage> promise;
    feed_->read(std::move(query), from_now, wait_ms, inline_, [&](Result<FeedPage> got) {
      EXPECT_TRUE(got.ok());
      promise.set_value(got.ok() ? std::move(*got) : FeedPage{});
    });
    return promise.get_future().get();
  }

  using Seqs = std::map<std::string, std::vector<std::uint64_t>>;  // by arena
  static void take(const FeedPage& got, Seqs& seqs) {
    for (const FeedPage::Part& part : got.parts)
      for (const auto& command : part.commands) seqs[command.arena].push_back(command.seq);
  }
  Seqs read_all(std::size_t count_max, const std::string& arena = {}) {
    Seqs seqs;
    FeedQuery query{.title = ours, .arena = arena, .after = Cursor(world), .count_max = count_max};
    for (;;) {
      const FeedPage got = page(query);
      if (got.empty()) return seqs;
      take(got, seqs);
      auto through = Cursor::from_token(got.next.to_token());
      EXPECT_TRUE(through.ok());
      query.after = std::move(*through);
    }
  }
  static void expect_each_once(const Seqs& seqs, const std::string& arena, std::size_t count) {
    const auto found = seqs.find(arena);
    ASSERT_NE(found, seqs.end());
    EXPECT_EQ(found->second.size(), count);
    EXPECT_TRUE(std::ranges::is_sorted(found->second, std::less_equal<>()));
  }

  Directory directory_;
  std::vector<std::unique_ptr<sql::Db>> dbs_;
  std::unique_ptr<sequencer::Sequencer> sequencer_;
  std::unique_ptr<Feed> feed_;
  std::unique_ptr<Commands> commands_;
  io::InlineExecutor inline_;
};
MATSURI_FOR_EACH_ENGINE(FeedTest);

TEST_P(FeedTest, EachOnceInPagesOfAnySize) {
  ASSERT_NO_FATAL_FAILURE(start(3));
  for (int i = 0; i < 6; ++i) hit(ours, "raid-" + std::to_string(i), 9);
  hit(theirs, "raid-0", 30);
  for (int i = 0; i < 6; ++i) hit(ours, "raid-" + std::to_string(i), 3);
  for (const std::size_t size : {1U, 2U, 3U, 7U, 1000U}) {
    const Seqs seqs = read_all(size);
    EXPECT_EQ(seqs.size(), 6U);
    for (const auto& [arena, places] : seqs) expect_each_once(seqs, arena, 8);
  }
  const Seqs one = read_all(2, "raid-4");
  EXPECT_EQ(one.size(), 1U);
  expect_each_once(one, "raid-4", 8);
}

TEST_P(FeedTest, FollowingMissesNothingWhileManyWrite) {
  ASSERT_NO_FATAL_FAILURE(start(2));
  struct State {
    std::mutex mutex;
    Seqs followed;
    std::size_t count = 0;
  };
  const auto state = std::make_shared<State>();
  ASSERT_TRUE(feed_
                  ->follow({.title = ours, .after = Cursor(world), .count_max = 5}, false,
                           [state](const FeedPage& got) {
                             const std::lock_guard lock(state->mutex);
                             take(got, state->followed);
                             for (const FeedPage::Part& part : got.parts)
                               state->count += part.commands.size();
                             return true;
                           })
                  .ok());
  std::vector<std::jthread> writers;
  for (int i = 0; i < 4; ++i)
    writers.emplace_back([this, i] {
      for (int turn = 0; turn < 20; ++turn) {
        hit(ours, "raid-" + std::to_string(i), 3);
        hit(theirs, "raid-" + std::to_string(i), 1);
      }
    });
  writers.clear();
  for (int tries = 0; tries < 2000; ++tries) {
    {
      const std::lock_guard lock(state->mutex);
      if (state->count >= 160) break;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  const Seqs everything = read_all(1000);
  const std::lock_guard lock(state->mutex);
  const Seqs& followed = state->followed;
  EXPECT_EQ(followed, everything);
  for (int i = 0; i < 4; ++i) expect_each_once(followed, "raid-" + std::to_string(i), 40);
}

TEST_P(FeedTest, WhoWaitsIsWokenAndWhoWaitsInVainIsAnswered) {
  ASSERT_NO_FATAL_FAILURE(start(1));
  hit(ours, "raid", 1);
  const FeedPage now = page({.title = ours, .after = Cursor(world)}, 0, true);
  EXPECT_TRUE(now.empty());
  auto waits = std::async(std::launch::async, [&] {
    return page({.title = ours, .after = now.next}, change_wait_ms_max);
  });
  EXPECT_TRUE(page({.title = theirs, .after = Cursor(world)}, 50).empty());
  hit(ours, "raid", 1);
  Seqs seqs;
  take(waits.get(), seqs);
  EXPECT_EQ(seqs["raid"], std::vector<std::uint64_t>{2});
  // Nobody is kept from stopping.
  auto last = std::async(std::launch::async, [&] {
    return page({.title = theirs, .after = Cursor(world)}, change_wait_ms_max);
  });
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  feed_->drain();
  EXPECT_TRUE(last.get().empty());
}

TEST_P(FeedTest, ACursorOfAnotherWorldIsToldSo) {
  ASSERT_NO_FATAL_FAILURE(start(1));
  std::promise<Code> promise;
  feed_->read({.title = ours, .after = Cursor(world + 1)}, false, 0, inline_,
              [&](Result<FeedPage> got) { promise.set_value(got.error().code()); });
  EXPECT_EQ(promise.get_future().get(), Code::conflict);
}

// Days of commands go: whoever was away for too long is told, who begins begins with what is there,
// and who has read everything goes on.
TEST_P(FeedTest, WhoWasAwayForTooLongIsTold) {
  ASSERT_NO_FATAL_FAILURE(start(2));
  for (int i = 0; i < 6; ++i) hit(ours, "raid-" + std::to_string(i), 9);
  const FeedPage some = page({.title = ours, .after = Cursor(world), .count_max = 5});
  const FeedPage all = page({.title = ours, .after = Cursor(world), .count_max = 1000});
  for (const auto& db : dbs_) ASSERT_TRUE(sequencer::drop_days_until_now(*db).ok());
  for (int i = 0; i < 6; ++i) hit(ours, "raid-" + std::to_string(i), 3);
  std::promise<Result<FeedPage>> promise;
  feed_->read({.title = ours, .after = some.next}, false, 0, inline_,
              [&](Result<FeedPage> got) { promise.set_value(std::move(got)); });
  const Result<FeedPage> refused = promise.get_future().get();
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code(), Code::conflict);
  EXPECT_NE(refused.error().message().find("not kept any more"), std::string::npos);
  std::promise<void> told;
  ASSERT_TRUE(feed_
                  ->follow({.title = ours, .after = some.next}, false,
                           [&](const FeedPage& got) {
                             EXPECT_TRUE(got.is_gone && got.empty());
                             told.set_value();
                             return true;
                           })
                  .ok());
  told.get_future().wait();

  for (const std::size_t size : {1U, 3U, 1000U}) {
    const Seqs seqs = read_all(size);
    EXPECT_EQ(seqs.size(), 6U);
    for (const auto& [arena, places] : seqs) expect_each_once(seqs, arena, 2);
  }
  Seqs seqs;
  const FeedPage rest = page({.title = ours, .after = all.next, .count_max = 1000});
  take(rest, seqs);
  EXPECT_EQ(seqs, read_all(1000));
}

// A slot that came has rows below what was read of the shard's other slots: they are still to come,
// and those that were read where it was before are not.
TEST_P(FeedTest, RowsOfASlotThatCameAreReadFromWhereItStood) {
  ASSERT_NO_FATAL_FAILURE(start(1));
  hit(ours, "stays", 2);
  hit(ours, "came", 2);
  hit(ours, "stays", 2);
  Cursor after(world);
  after.raise(sequencer::SlotSet().set(), 6);
  after.seqs[sequencer::slot_of(ours, "came")] = 3;
  hit(ours, "stays", 1);
  Seqs seqs;
  const FeedPage got = page({.title = ours, .after = after, .count_max = 10});
  take(got, seqs);
  EXPECT_EQ(seqs["came"], std::vector<std::uint64_t>{4});
  EXPECT_EQ(seqs["stays"], std::vector<std::uint64_t>{7});
  EXPECT_TRUE(page({.title = ours, .after = got.next}).empty());
}

}  // namespace
}  // namespace matsuri::game
