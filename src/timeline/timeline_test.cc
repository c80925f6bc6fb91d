// Goal: posting keeps its promises from the request to the feed: over retries, restarts and rebuilds,
// what was answered is there once, and what readers see follows from the answers alone.
#include "timeline/exec.h"

#include <algorithm>
#include <cstdlib>
#include <future>
#include <map>
#include <random>
#include <set>
#include <thread>

#include "stream/outbox.h"
#include "stream/stream.h"
#include "timeline/testing/fixture.h"

namespace matsuri::timeline {
namespace {

using testing::key_of;
using testing::post_id;
using Kind = Published::Kind;

constexpr AccountId mio{11}, ken{22}, rin{33};
constexpr std::int64_t drain_ms = 30'000;

// A node's posting half: journal, stream and both databases, with a clock that stands still.
class TimelineTest : public testing::ViewTest {
 protected:
  void SetUp() override {
    sql::ForEachEngine::SetUp();
    if (IsSkipped()) return;
    main_options_ = fresh_options("main");
    timeline_options_ = fresh_options("timeline");
    start();
  }
  void TearDown() override { stop(); }

  void start() {
    main_db_ = open(main_options_);
    main_ = stream::Outbox::open(*main_db_, Region{0}, Node{1}, io::system_random()).value();
    db_ = open(timeline_options_);
    MATSURI_ASSERT(db_->migrate("timeline", migrations()).ok());
    outbox_ = stream::Outbox::open(*db_, Region{0}, Node{1}, io::system_random()).value();
    ids_ = journal::IdMaker::open({.path = folder() + "/ids", .node = Node{1}, .clock = &clock_})
               .value();
    writer_ = journal::Writer::open({.folder = folder() + "/journal",
                                     .node = Node{1},
                                     .segment_size = std::uint64_t{1} << 20,
                                     .batch_body_size_max = std::size_t{256} << 10})
                  .value();
    stream_ = std::make_unique<stream::Stream>(stream::StreamOptions{.batch_wait_ms = 20});
    MATSURI_ASSERT(stream_->add_journal(folder() + "/journal", writer_.get()).ok());
    MATSURI_ASSERT(stream_->add_outbox(*main_).ok());
    MATSURI_ASSERT(stream_->add_view(view_, *outbox_).ok());
    keys_ = std::make_unique<RecentKeys>();
    timeline_ = std::make_unique<Timeline>(*writer_, *ids_, *stream_, *keys_, clock_);
    MATSURI_ASSERT(stream_->start().ok());
    MATSURI_ASSERT(stream_->drain(drain_ms));
    MATSURI_ASSERT(
        db_->read_and_wait([&](sql::Connection& connection) { return keys_->load(connection); })
            .ok());
  }
  void stop() {
    timeline_.reset();
    stream_.reset();
    writer_.reset();
    ids_.reset();
    outbox_.reset();
    main_.reset();
    db_.reset();
    main_db_.reset();
  }
  void restart() {
    stop();
    start();
  }
  // The view is made again from what the origins hold.
  void rebuild() {
    stop();
    timeline_options_ = fresh_options("timeline");
    start();
  }

  void advance_ms(std::int64_t ms) {
    clock_.advance_ms(ms);
    while (!ids_->next().ok()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }

  void say(const Event& fact) {
    Position position;
    MATSURI_ASSERT(main_db_
                       ->write_and_wait([&](sql::Connection& connection) -> Result<void> {
                         const stream::BatchResult::Fact one{fact, clock_.unix_ms(), {}};
                         TRY_ASSIGN(position, main_->put(connection, {&one, 1}));
                         return {};
                       })
                       .ok());
    main_->committed(position);
  }
  void name(AccountId account, std::uint64_t rev, const std::string& text) {
    say(AccountChanged{
        .account = account, .rev = rev, .handle = "h" + account.to_string(), .name = text});
  }

  Result<Published> publish(AccountId author, const std::string& text, std::uint64_t key = 0) {
    std::promise<Result<Published>> promise;
    timeline_->publish({.community = plaza_community,
                        .author = {.id = author, .handle = "h", .name = "n"},
                        .text = text,
                        .language = "en",
                        .key = key_of(key),
                        .fingerprint = std::hash<std::string>{}(text)},
                       executor_,
                       [&](Result<Published> result) { promise.set_value(std::move(result)); });
    return promise.get_future().get();
  }

  stream::CommandStatus status_of(const Position& position) {
    return read(*db_,
                [&](sql::Connection& connection) {
                  return stream::command_status(connection, "timeline", position);
                })
        .value();
  }

  io::InlineExecutor executor_;
  io::ManualClock clock_{testing::start_ms};
  sql::DbOptions main_options_, timeline_options_;
  std::unique_ptr<sql::Db> main_db_;
  std::unique_ptr<stream::Outbox> main_, outbox_;
  std::unique_ptr<journal::IdMaker> ids_;
  std::unique_ptr<journal::Writer> writer_;
  std::unique_ptr<stream::Stream> stream_;
  std::unique_ptr<RecentKeys> keys_;
  std::unique_ptr<Timeline> timeline_;
  TimelineView view_;
};
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
  const FeedPage page = feed_of(*db_, {.community = plaza_community});
  ASSERT_EQ(page.posts.size(), 1u);
  EXPECT_EQ(page.posts[0].id, published.value().post.id);
  EXPECT_EQ(page.posts[0].text, "caf\u00e9");
  EXPECT_EQ(page.posts[0].author.name, "Mio");
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
  EXPECT_EQ(feed_of(*db_, {.community = plaza_community}).posts.size(), 20u);
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
  EXPECT_EQ(feed_of(*db_, {.community = plaza_community}).posts.size(), 1u);
  advance_ms(duplicate_guard_ms);
  EXPECT_TRUE(publish(mio, "gg").ok());
  ASSERT_TRUE(stream_->drain(drain_ms));
  EXPECT_EQ(feed_of(*db_, {.community = plaza_community}).posts.size(), 2u);
}

// Everything that happened, and what follows from it: none of it taken from the code under test.
struct Story {
  struct Accepted {
    PostId id;
    AccountId author;
    std::string text;
    std::uint64_t key;
  };
  std::vector<Accepted> accepted;  // in the order of their positions
  std::map<AccountId, std::string> names;
  std::set<std::pair<AccountId, AccountId>> blocks;

  // The guard's rule, written once more from its description.
  std::vector<std::string> feed_for(AccountId viewer) const {
    std::vector<std::string> lines;
    std::set<std::pair<AccountId, std::uint64_t>> keys;
    std::map<std::pair<AccountId, std::string>, std::int64_t> last_ms;
    for (const Accepted& post : accepted) {
      if (post.key != 0 && !keys.emplace(post.author, post.key).second) continue;
      const std::int64_t ms = parts_of(post.id.value).unix_ms;
      const auto last = last_ms.find({post.author, post.text});
      if (last != last_ms.end() && ms - last->second < 30'000) continue;
      last_ms[{post.author, post.text}] = ms;
      if (blocks.contains({viewer, post.author}) || blocks.contains({post.author, viewer}))
        continue;
      if (names.contains(post.author))
        lines.push_back(post.id.to_string() + ' ' + names.at(post.author) + ": " + post.text);
    }
    std::ranges::reverse(lines);
    return lines;
  }
};

// Goal: any schedule of posts, retries, name changes, blocks, restarts and rebuilds leaves what a
// plain recomputation from the answers gives. Method: a few hundred random steps over three people
// and few texts, so that everything meets everything.
TEST_P(TimelineTest, RandomSchedulesEqualAPlainRecomputation) {
  const char* const given = std::getenv("MATSURI_SEED");
  const std::uint64_t seed =
      given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device{}();
  std::printf("MATSURI_SEED=%llu\n", static_cast<unsigned long long>(seed));
  std::mt19937_64 random(seed);
  const auto below = [&](std::uint64_t count) { return random() % count; };
  const AccountId people[] = {mio, ken, rin};

  Story story;
  std::map<std::pair<AccountId, std::uint64_t>, std::pair<std::string, PostId>> answered;
  std::map<std::pair<AccountId, AccountId>, std::uint64_t> block_revs;
  std::map<AccountId, std::uint64_t> name_revs;
  const auto check = [&] {
    ASSERT_TRUE(stream_->drain(drain_ms));
    for (const AccountId viewer : {AccountId{}, mio, ken, rin}) {
      std::vector<std::string> lines;
      for (const Post& post :
           feed_of(*db_, {.community = plaza_community, .viewer = viewer, .count_max = 10'000})
               .posts)
        lines.push_back(post.id.to_string() + ' ' + post.author.name + ": " + post.text);
      ASSERT_EQ(lines, story.feed_for(viewer)) << "for " << viewer.to_string();
    }
  };
  const auto post = [&](AccountId author, const std::string& text, std::uint64_t key) {
    const auto published = publish(author, text, key);
    if (!published.ok()) {
      EXPECT_EQ(published.error().code(), Code::conflict);
      return;
    }
    const Published& got = published.value();
    const auto before = answered.find({author, key});
    if (key == 0 || before == answered.end()) {
      ASSERT_EQ(got.kind, Kind::published);
      if (key != 0) answered[{author, key}] = {text, got.post.id};
      story.accepted.push_back({got.post.id, author, text, key});
    } else if (before->second.first == text) {
      ASSERT_EQ(got.kind, Kind::replayed);
      ASSERT_EQ(got.post.id, before->second.second);
    } else {
      ASSERT_EQ(got.kind, Kind::key_reused);
    }
  };

  for (int step = 0; step < 400; ++step) {
    SCOPED_TRACE("step " + std::to_string(step));
    const AccountId who = people[below(3)], whom = people[below(3)];
    const std::uint64_t action = below(100);
    if (action < 60) {
      post(who, "text " + std::to_string(below(8)), below(2) == 0 ? 0 : 1 + below(40));
    } else if (action < 75) {
      advance_ms(static_cast<std::int64_t>(below(15'000)));
    } else if (action < 84) {
      story.names[who] = "Name " + std::to_string(step);
      name(who, ++name_revs[who], story.names[who]);
    } else if (action < 94 && who != whom) {
      const bool blocks = below(2) == 0;
      if (blocks)
        story.blocks.emplace(who, whom);
      else
        story.blocks.erase({who, whom});
      say(BlockChanged{who, whom, ++block_revs[{who, whom}], blocks});
    } else if (action == 97 || action == 98) {
      restart();
      check();
    } else if (action == 99) {
      rebuild();
      check();
    }
    if (HasFatalFailure()) return;
  }
  check();
  rebuild();
  check();
  EXPECT_GT(story.accepted.size(), 50u);
}

}  // namespace
}  // namespace matsuri::timeline
