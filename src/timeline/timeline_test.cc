// Goal: posting keeps its promises from the request to the feed: over retries, restarts and rebuilds,
// what was answered is there once, and what readers see follows from the answers alone.
#include "timeline/exec.h"

#include <algorithm>
#include <cstdlib>
#include <functional>
#include <future>
#include <map>
#include <random>
#include <set>
#include <thread>

#include "timeline/testing/node.h"

namespace matsuri::timeline {
namespace {

using testing::drain_ms;
using testing::key_of;
using testing::post_id;
using Kind = Published::Kind;

constexpr AccountId mio{11}, ken{22};

class TimelineTest : public testing::NodeTest {};
MATSURI_FOR_EACH_ENGINE(TimelineTest);

TEST_P(TimelineTest, APostIsAnsweredWhenDurableAndShownWhenApplied) {
  name(mio, 1, "Mio");
  const auto published = publish(mio, "  cafe\u0301 ");
  ASSERT_TRUE(published.ok());
  EXPECT_EQ(published.value().kind, Kind::published);
  EXPECT_EQ(published.value().post.text, "caf\u00e9");
  EXPECT_EQ(published.value().position, (Position{writer_->origin(), 1}));
  EXPECT_GE(writer_->durable_offset(), 1u);
  ASSERT_TRUE(stream_->drain(drain_ms));
  const FeedPage page = feed_of(*db_, {.community = common_ground});
  ASSERT_EQ(page.posts.size(), 1u);
  EXPECT_EQ(page.posts[0]->post.id, published.value().post.id);
  EXPECT_EQ(page.posts[0]->post.text, "caf\u00e9");
  EXPECT_EQ(page.posts[0]->post.author.name, "Mio");
  EXPECT_EQ(status_of(published.value().position).state, stream::CommandState::applied);
}

TEST_P(TimelineTest, RefusesWhatIsWrongAndWritesNothing) {
  EXPECT_EQ(publish(mio, "").error().code(), Code::invalid);
  EXPECT_EQ(publish(mio, std::string(281, 'x')).error().code(), Code::invalid);
  EXPECT_EQ(publish(mio, "bell\a", 1).error().code(), Code::invalid);
  std::promise<Result<Published>> elsewhere;
  timeline_->publish({.community = CommunityId{2}, .author = {.id = mio}, .text = "a"}, executor_,
                     [&](Result<Published> result) { elsewhere.set_value(std::move(result)); });
  EXPECT_EQ(elsewhere.get_future().get().error().code(), Code::not_found);
  EXPECT_EQ(writer_->durable_offset(), 0u);
  // A key of a refused request is free.
  EXPECT_EQ(publish(mio, "bell", 1).value().kind, Kind::published);
}

TEST_P(TimelineTest, ARetryGetsTheFirstAnswerAlsoAfterARestartAndARebuild) {
  const PostId first = publish(mio, "once", 5).value().post.id;
  ASSERT_TRUE(publish(mio, "other").ok());
  for (int round = 0; round < 3; ++round) {
    SCOPED_TRACE(round);
    const auto again = publish(mio, "once", 5);
    ASSERT_TRUE(again.ok());
    EXPECT_EQ(again.value().kind, Kind::replayed);
    EXPECT_EQ(again.value().post.id, first);
    EXPECT_EQ(again.value().post.text, "once");
    EXPECT_EQ(publish(mio, "not the same", 5).value().kind, Kind::key_reused);
    EXPECT_EQ(publish(ken, "once" + std::to_string(round), 5).value().kind,
              round == 0 ? Kind::published : Kind::key_reused);
    if (round == 0)
      restart();
    else
      rebuild();
  }
  EXPECT_EQ(writer_->durable_offset(), 3u);
}

TEST_P(TimelineTest, OneKeyFromManyThreadsIsOnePost) {
  name(mio, 1, "Mio");
  std::mutex mutex;
  std::set<PostId> made;
  std::atomic<int> in_flight{0};
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 8; ++thread)
    threads.emplace_back([&] {
      for (std::uint64_t key = 1; key <= 20; ++key) {
        const auto published = publish(mio, "text " + std::to_string(key), key);
        if (!published.ok()) {
          EXPECT_EQ(published.error().code(), Code::conflict);
          ++in_flight;
          continue;
        }
        const std::lock_guard lock(mutex);
        made.insert(published.value().post.id);
      }
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(made.size(), 20u);
  EXPECT_EQ(writer_->durable_offset(), 20u);
  ASSERT_TRUE(stream_->drain(drain_ms));
  EXPECT_EQ(feed_of(*db_, {.community = common_ground}).posts.size(), 20u);
}

TEST_P(TimelineTest, ADoubleTapIsRefusedAtOnceAndAfterARestartByApply) {
  name(mio, 1, "Mio");
  ASSERT_TRUE(publish(mio, "gg").ok());
  EXPECT_EQ(publish(mio, "gg").error().code(), Code::conflict);
  // Memory of texts goes with the process: then apply decides, and says it.
  restart();
  const auto second = publish(mio, "gg");
  ASSERT_TRUE(second.ok());
  ASSERT_TRUE(stream_->drain(drain_ms));
  const stream::CommandStatus status = status_of(second.value().position);
  EXPECT_EQ(status.state, stream::CommandState::refused);
  EXPECT_EQ(status.code, Code::conflict);
  EXPECT_EQ(status.account, mio);
  const std::vector<stream::Record> facts = outbox_->read(0, 100).value();
  ASSERT_EQ(facts.size(), 2u);
  const auto& refused = std::get<CommandRefused>(facts[1].event);
  EXPECT_EQ(refused.account, mio);
  EXPECT_EQ(refused.position, second.value().position.to_string());
  EXPECT_EQ(refused.resource_id, second.value().post.id.value);
  EXPECT_EQ(feed_of(*db_, {.community = common_ground}).posts.size(), 1u);
  advance_ms(duplicate_guard_ms);
  EXPECT_TRUE(publish(mio, "gg").ok());
  ASSERT_TRUE(stream_->drain(drain_ms));
  EXPECT_EQ(feed_of(*db_, {.community = common_ground}).posts.size(), 2u);
}

}  // namespace
}  // namespace matsuri::timeline
