// A node's posting half: journal, stream and both databases, for tests.
#pragma once

#include <future>
#include <map>
#include <memory>
#include <string>
#include <thread>

#include "io/clock.h"
#include "journal/id_maker.h"
#include "journal/writer.h"
#include "stream/outbox.h"
#include "stream/stream.h"
#include "timeline/exec.h"
#include "timeline/testing/fixture.h"

namespace matsuri::timeline::testing {

inline constexpr std::int64_t drain_ms = 30'000;

// Communities as a test wants them; the plaza takes everything.
class KnownRules final : public CommunityRules {
 public:
  std::optional<CommunityRule> find(CommunityId community) const override {
    const auto rule = rules.find(community);
    if (rule == rules.end()) return std::nullopt;
    return rule->second;
  }
  std::map<CommunityId, CommunityRule> rules = {
      {common_ground, {.post_kinds = post_kind_text | post_kind_drawing}}};
};

// With a clock that stands still.
class NodeTest : public ViewTest {
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
    timeline_ = std::make_unique<Timeline>(TimelineParts{.writer = *writer_,
                                                         .ids = *ids_,
                                                         .stream = *stream_,
                                                         .keys = *keys_,
                                                         .rules = rules_,
                                                         .clock = clock_});
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
    return publish(NewPost{.community = common_ground,
                           .author = {.id = author, .handle = "h", .name = "n"},
                           .text = text,
                           .language = "en",
                           .key = key_of(key),
                           .fingerprint = std::hash<std::string>{}(text)});
  }
  Result<Published> publish(const NewPost& wanted) {
    return wait<Published>(
        [&](auto done) { timeline_->publish(wanted, executor_, std::move(done)); });
  }
  Result<Edited> edit(const Post& current, const PostChange& change, AccountId account) {
    return wait<Edited>(
        [&](auto done) { timeline_->edit(current, change, account, executor_, std::move(done)); });
  }
  Result<Position> remove(const Post& current, AccountId account) {
    return wait<Position>(
        [&](auto done) { timeline_->remove(current, account, executor_, std::move(done)); });
  }
  // What `call` tells its completion.
  template <class T, class Call>
  Result<T> wait(Call call) {
    std::promise<Result<T>> promise;
    call([&](Result<T> result) { promise.set_value(std::move(result)); });
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
  KnownRules rules_;
  io::ManualClock clock_{start_ms};
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

}  // namespace matsuri::timeline::testing
