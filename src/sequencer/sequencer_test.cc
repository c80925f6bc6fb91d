// Goal: with real threads, from many senders at once, every command is answered once and the order is
// one; a key that comes twice at once is decided once.
#include "sequencer/sequencer.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <memory>
#include <mutex>
#include <set>
#include <thread>
#include <vector>

#include "sequencer/testing/world.h"
#include "sql/testing/engines.h"

namespace matsuri::sequencer {
namespace {

class SequencerTest : public sql::ForEachEngine {
 protected:
  void start(std::size_t shard_count, std::size_t waiting_count_max = 16'384) {
    SequencerOptions options{.owner = {.name = "node 1", .waiting_count_max = waiting_count_max}};
    while (dbs_.size() < shard_count) dbs_.push_back(open());
    for (const auto& db : dbs_) options.shards.push_back(db.get());
    auto started = Sequencer::start(options, test_schemas(), io::system_clock());
    ASSERT_TRUE(started.ok()) << started.error().to_string();
    sequencer_ = std::move(*started);
  }
  void TearDown() override {
    sequencer_.reset();
    dbs_.clear();
  }

  Answer ask(const std::string& arena, Request request) {
    std::promise<Answer> answered;
    auto answer = answered.get_future();
    sequencer_->submit(test_title, arena, std::move(request), inline_,
                       [&](Answer got) { answered.set_value(std::move(got)); });
    return answer.get();
  }
  Answer run(const Command& command) {
    return ask(command.entities.front().arena, Chain{{command}});
  }

  std::vector<std::unique_ptr<sql::Db>> dbs_;
  std::unique_ptr<Sequencer> sequencer_;
  io::InlineExecutor inline_;
};
MATSURI_FOR_EACH_ENGINE(SequencerTest);

std::int64_t now() { return io::system_clock().unix_ms(); }

TEST_P(SequencerTest, ManySendersOneOrder) {
  ASSERT_NO_FATAL_FAILURE(start(1));
  Keys keys(1);
  const EntityName dragon = name_of("raid", boss, "dragon");
  ASSERT_EQ(run(born(keys.make(now()), dragon, 5000)).outcomes[0].verdict, Verdict::applied);

  constexpr int sender_count = 8;
  constexpr int hit_count = 50;
  std::mutex mutex;
  std::set<std::uint64_t> places;
  std::atomic<int> applied = 0;
  {
    std::vector<std::jthread> senders;
    for (int s = 0; s < sender_count; ++s)
      senders.emplace_back([&, s] {
        Keys own(static_cast<std::uint64_t>(100 + s));
        std::uint64_t before = 0;
        for (int i = 0; i < hit_count; ++i) {
          const Outcome outcome = run(attack(own.make(now()), dragon, 7)).outcomes[0];
          if (outcome.verdict == Verdict::applied) ++applied;
          EXPECT_GT(outcome.seq, before) << "what was answered came first";
          before = outcome.seq;
          const std::lock_guard lock(mutex);
          EXPECT_TRUE(places.insert(outcome.seq).second);
        }
      });
  }
  EXPECT_EQ(applied, sender_count * hit_count);
  EXPECT_EQ(places.size(), static_cast<std::size_t>(sender_count * hit_count));
  EXPECT_EQ(ask("raid", Read{{dragon}}).entities.at(0).get(hp), 5000 - applied * 7);
}

TEST_P(SequencerTest, TheSameKeyAtOnceIsDecidedOnce) {
  ASSERT_NO_FATAL_FAILURE(start(1));
  Keys keys(2);
  const EntityName mio = name_of("raid", player, "mio");
  run(born(keys.make(now()), mio, 150));
  const Command hit = attack(keys.make(now()), mio, 10);
  std::atomic<int> first = 0;
  std::atomic<int> duplicate = 0;
  {
    std::vector<std::jthread> senders;
    for (int s = 0; s < 16; ++s)
      senders.emplace_back([&] {
        const Outcome outcome = run(hit).outcomes[0];
        EXPECT_EQ(outcome.verdict, Verdict::applied);
        ++(outcome.duplicate ? duplicate : first);
      });
  }
  EXPECT_EQ(first, 1);
  EXPECT_EQ(duplicate, 15);
  EXPECT_EQ(ask("raid", Read{{mio}}).entities.at(0).get(hp), 140);
}

TEST_P(SequencerTest, ArenasSpreadOverShardsAndComeBackAfterAStop) {
  ASSERT_NO_FATAL_FAILURE(start(3));
  Keys keys(3);
  std::set<std::size_t> used;
  for (int i = 0; i < 24; ++i) {
    const std::string arena = "arena " + std::to_string(i);
    used.insert(sequencer_->shard_of(test_title, arena));
    const EntityName p = name_of(arena, player, "p");
    EXPECT_EQ(run(born(keys.make(now()), p, 1 + i)).outcomes[0].verdict, Verdict::applied);
  }
  EXPECT_EQ(used.size(), 3U);
  sequencer_.reset();
  ASSERT_NO_FATAL_FAILURE(start(3));
  for (int i = 0; i < 24; ++i) {
    const std::string arena = "arena " + std::to_string(i);
    EXPECT_EQ(ask(arena, Read{{name_of(arena, player, "p")}}).entities.at(0).get(hp), 1 + i);
  }
}

TEST_P(SequencerTest, WhoWaitsAtTheEndIsAnswered) {
  ASSERT_NO_FATAL_FAILURE(start(1));
  Keys keys(4);
  const EntityName mio = name_of("raid", player, "mio");
  std::atomic<int> answered = 0;
  for (int i = 0; i < 500; ++i)
    sequencer_->submit(test_title, "raid", Chain{{attack(keys.make(now()), mio, 1)}}, inline_,
                       [&](const Answer&) { ++answered; });
  sequencer_.reset();
  EXPECT_EQ(answered, 500);
}

// Goal: nobody's answer is lost who asks from where they hear another one, also where they are
// refused because so many wait.
TEST_P(SequencerTest, WhoAsksFromAnAnswerIsAnswered) {
  constexpr std::size_t waiting_count_max = 4;
  constexpr std::size_t asked_count = 20;
  ASSERT_NO_FATAL_FAILURE(start(1, waiting_count_max));
  const Request read = Read{{name_of("raid", player, "mio")}};
  ask("raid", read);
  std::atomic<std::size_t> answered = 0;
  std::atomic<std::size_t> refused = 0;
  std::promise<void> all;
  const auto hear = [&](const Answer& answer) {
    refused += answer.outcomes.size();  // a read has one where it is refused
    if (++answered == asked_count) all.set_value();
  };
  sequencer_->submit(test_title, "raid", read, inline_, [&](const Answer&) {
    for (std::size_t i = 0; i < asked_count; ++i)
      sequencer_->submit(test_title, "raid", read, inline_, hear);
  });
  ASSERT_EQ(all.get_future().wait_for(std::chrono::seconds(20)), std::future_status::ready)
      << answered << " of " << asked_count;
  EXPECT_EQ(refused, asked_count - waiting_count_max);
}

}  // namespace
}  // namespace matsuri::sequencer
