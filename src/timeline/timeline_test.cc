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
    writer_ = journal::Writer::open({.folder = folder() + journal_,
                                     .node = Node{1},
                                     .segment_size = std::uint64_t{1} << 20,
                                     .batch_body_size_max = std::size_t{256} << 10})
                  .value();
    stream_ = std::make_unique<stream::Stream>(stream::StreamOptions{.batch_wait_ms = 20});
    MATSURI_ASSERT(stream_->add_journal(folder() + journal_, writer_.get()).ok());
    MATSURI_ASSERT(stream_->add_outbox(*main_).ok());
    MATSURI_ASSERT(stream_->add_view(*view_, *outbox_).ok());
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
  TimelineView real_view_;
  stream::View* view_ = &real_view_;
  std::string journal_ = "/journal";
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
class ScheduleTest : public TimelineTest {
 protected:
  // What the first difference was; empty where there was none.
  std::string run(std::uint64_t seed) {
    random_.seed(seed);
    for (int step = 0; step < 400; ++step) {
      const std::string wrong = do_step(step);
      if (!wrong.empty()) return "step " + std::to_string(step) + ": " + wrong;
    }
    if (const std::string wrong = difference(); !wrong.empty()) return wrong;
    rebuild();
    return difference();
  }

  void forget() {
    story_ = {};
    answered_.clear();
    block_revs_.clear();
    name_revs_.clear();
  }

  Story story_;

 private:
  std::uint64_t below(std::uint64_t count) { return random_() % count; }

  std::string do_step(int step) {
    const AccountId people[] = {mio, ken, rin};
    const AccountId who = people[below(3)], whom = people[below(3)];
    const std::uint64_t action = below(100);
    if (action < 60)
      return post(who, "text " + std::to_string(below(8)), below(2) == 0 ? 0 : 1 + below(40));
    if (action < 75) {
      advance_ms(static_cast<std::int64_t>(below(15'000)));
    } else if (action < 84) {
      story_.names[who] = "Name " + std::to_string(step);
      name(who, ++name_revs_[who], story_.names[who]);
    } else if (action < 94 && who != whom) {
      const bool blocks = below(2) == 0;
      if (blocks)
        story_.blocks.emplace(who, whom);
      else
        story_.blocks.erase({who, whom});
      say(BlockChanged{who, whom, ++block_revs_[{who, whom}], blocks});
    } else if (action >= 97) {
      if (action == 99)
        rebuild();
      else
        restart();
      return difference();
    }
    return "";
  }

  std::string post(AccountId author, const std::string& text, std::uint64_t key) {
    const auto published = publish(author, text, key);
    if (!published.ok())
      return published.error().code() == Code::conflict ? "" : published.error().to_string();
    const Published& got = published.value();
    const auto before = answered_.find({author, key});
    if (key == 0 || before == answered_.end()) {
      if (key != 0) answered_[{author, key}] = {text, got.post.id};
      story_.accepted.push_back({got.post.id, author, text, key});
      return got.kind == Kind::published ? "" : "a first request was not published";
    }
    if (before->second.first != text)
      return got.kind == Kind::key_reused ? "" : "a key counted for two requests";
    const bool same = got.kind == Kind::replayed && got.post.id == before->second.second;
    return same ? "" : "a retry got another answer";
  }

  std::string difference() {
    if (!stream_->drain(drain_ms)) return "the view does not catch up";
    for (const AccountId viewer : {AccountId{}, mio, ken, rin}) {
      std::vector<std::string> lines;
      for (const Post& shown :
           feed_of(*db_, {.community = plaza_community, .viewer = viewer, .count_max = 10'000})
               .posts)
        lines.push_back(shown.id.to_string() + ' ' + shown.author.name + ": " + shown.text);
      if (lines != story_.feed_for(viewer))
        return "the feed of " + viewer.to_string() + " is another";
    }
    return "";
  }

  std::mt19937_64 random_;
  std::map<std::pair<AccountId, std::uint64_t>, std::pair<std::string, PostId>> answered_;
  std::map<std::pair<AccountId, AccountId>, std::uint64_t> block_revs_;
  std::map<AccountId, std::uint64_t> name_revs_;
};
MATSURI_FOR_EACH_ENGINE(ScheduleTest);

TEST_P(ScheduleTest, RandomSchedulesEqualAPlainRecomputation) {
  const char* const given = std::getenv("MATSURI_SEED");
  const std::uint64_t seed =
      given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device{}();
  std::printf("MATSURI_SEED=%llu\n", static_cast<unsigned long long>(seed));
  EXPECT_EQ(run(seed), "");
  EXPECT_GT(story_.accepted.size(), 50u);
}

// A view with a planted bug: it changes the records before the real one sees them.
class PlantedView final : public stream::View {
 public:
  explicit PlantedView(std::function<void(stream::Record&)> fault) : fault_(std::move(fault)) {}
  std::string_view name() const override { return real_.name(); }
  bool wants(EventKind kind) const override { return real_.wants(kind); }
  Result<void> apply(sql::Connection& connection, std::span<const stream::Record> records,
                     stream::BatchResult& result) override {
    std::vector<stream::Record> changed(records.begin(), records.end());
    for (stream::Record& record : changed) fault_(record);
    return real_.apply(connection, changed, result);
  }

 private:
  TimelineView real_;
  std::function<void(stream::Record&)> fault_;
};

// The test above would find what it is for: each fault ends in a difference.
TEST_P(ScheduleTest, PlantedBugsAreFound) {
  const std::vector<std::pair<std::string, std::function<void(stream::Record&)>>> faults = {
      {"the key is not in the record", [](auto& record) { record.header.key = {}; }},
      {"every post is another's text",
       [](auto& record) {
         if (auto* post = std::get_if<PublishPost>(&record.event))
           post->text += post->post.to_string();
       }},
      {"no revision is older",
       [](auto& record) {
         if (auto* fact = std::get_if<AccountChanged>(&record.event)) fact->rev = 1;
       }},
      {"blocks are one-sided", [](auto& record) {
         if (auto* fact = std::get_if<BlockChanged>(&record.event)) fact->target = AccountId{99};
       }}};
  for (const auto& [what, fault] : faults) {
    SCOPED_TRACE(what);
    stop();
    main_options_ = fresh_options("main");
    timeline_options_ = fresh_options("timeline");
    journal_ = "/journal-" + std::to_string(what.size());
    PlantedView planted(fault);
    view_ = &planted;
    start();
    forget();
    EXPECT_NE(run(7), "");
    stop();
    view_ = &real_view_;
  }
}

}  // namespace
}  // namespace matsuri::timeline
