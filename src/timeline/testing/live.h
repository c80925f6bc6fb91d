// What the tests of live streams begin with: facts of each outbox, and clients that listen.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "timeline/live.h"
#include "timeline/testing/node.h"

namespace matsuri::timeline::testing {

using Names = std::vector<std::string>;

inline constexpr AccountId mio{11}, ken{22}, rin{33};

// A client: keeps what it is sent, up to a number of events that it can take.
class Client final : public http::EventStream {
 public:
  explicit Client(std::string last_event_id = {}, std::size_t event_count_max = 1'000'000)
      : last_event_id_(std::move(last_event_id)), event_count_max_(event_count_max) {}

  bool send(const http::StreamEvent& event) override {
    const std::lock_guard lock(mutex_);
    if (!is_open_) return false;
    if (events.size() == event_count_max_) return is_open_ = false;
    events.push_back(event);
    return true;
  }
  bool is_open() const override { return is_open_; }
  void close() override { is_open_ = false; }
  const std::string& last_event_id() const override { return last_event_id_; }
  void on_close(std::function<void()> callback) override { callback_ = std::move(callback); }
  void go() {
    is_open_ = false;
    callback_();
  }

  // The names of the events, and what their posts say.
  Names seen() const {
    const std::lock_guard lock(mutex_);
    Names names;
    for (const http::StreamEvent& event : events) {
      const std::size_t text = event.data.find("\"text\":\"");
      names.push_back(text == std::string::npos
                          ? event.name
                          : event.data.substr(text + 8, event.data.find('"', text + 8) - text - 8));
    }
    return names;
  }

  // The data of the last event of this name; empty where none came.
  std::string last(std::string_view name) const {
    const std::lock_guard lock(mutex_);
    std::string data;
    for (const http::StreamEvent& event : events)
      if (event.name == name) data = event.data;
    return data;
  }
  std::size_t count(std::string_view name) const {
    const std::lock_guard lock(mutex_);
    return static_cast<std::size_t>(
        std::ranges::count(events, name, [](const auto& event) { return event.name; }));
  }

  std::vector<http::StreamEvent> events;

 private:
  mutable std::mutex mutex_;
  const std::string last_event_id_;
  const std::size_t event_count_max_;
  bool is_open_ = true;
  std::function<void()> callback_;
};

class LiveTest : public ViewTest {
 protected:
  void SetUp() override {
    ViewTest::SetUp();
    if (IsSkipped()) return;
    apply({name_record(mio, 1, "Mio"), name_record(ken, 1, "Ken")});
    main_.incarnation = 5;
    empathy_.incarnation = 6;
    outbox_ = {.region = Region{0}, .node = Node{1}, .incarnation = 0xabc};
    live_ = make_live(0);
  }
  void TearDown() override { live_.reset(); }

  std::unique_ptr<Live> make_live(std::uint64_t from) {
    return std::make_unique<Live>(
        *db_, rules_, Position{outbox_, from}, registry_,
        LiveOptions{.counts_pause_ms = 20, .plaza_pause_ms = plaza_pause_ms_});
  }
  std::shared_ptr<Client> listen(AccountId viewer, const std::string& last_event_id = {},
                                 std::size_t event_count_max = 1'000'000,
                                 CommunityId community = common_ground) {
    return listen_as({.community = community, .viewer = viewer}, last_event_id, event_count_max);
  }
  std::shared_ptr<Client> follow_timeline(AccountId viewer, const std::string& last_event_id = {}) {
    return listen_as({.viewer = viewer, .is_timeline = true}, last_event_id);
  }
  std::shared_ptr<Client> listen_as(const Live::Listener& listener,
                                    const std::string& last_event_id = {},
                                    std::size_t event_count_max = 1'000'000) {
    const auto client = std::make_shared<Client>(last_event_id, event_count_max);
    std::promise<void> read;
    // Work posted behind the read of the blocks ends after it.
    struct Executor final : io::Executor {
      explicit Executor(std::promise<void>& done) : done_(done) {}
      void post(io::Task task) override {
        task();
        done_.set_value();
      }
      std::promise<void>& done_;
    };
    executors_.push_back(std::make_unique<Executor>(read));
    live_->listen(listener, client, *executors_.back());
    if (listener.viewer) read.get_future().wait();
    return client;
  }

  void consume(const Origin& origin, std::uint64_t first_offset, const std::vector<Event>& facts) {
    std::vector<stream::Record> records;
    for (const Event& fact : facts) {
      records.push_back(fact_record(fact));
      records.back().position = {origin, first_offset + records.size() - 1};
    }
    live_->consume(records);
  }
  static Event posted(AccountId author, const std::string& text, std::uint16_t sequence = 0,
                      CommunityId community = common_ground) {
    return PostPublished{.post = post_id(0, sequence),
                         .rev = 1,
                         .community = community,
                         .author = author,
                         .text = text};
  }
  // The next facts of the timeline's outbox.
  void happen(const std::vector<Event>& facts) {
    consume(outbox_, end_offset_ + 1, facts);
    end_offset_ += facts.size();
  }
  void block(AccountId account, AccountId target, std::uint64_t rev, bool blocked) {
    consume(main_, ++main_offset_, {BlockChanged{account, target, rev, blocked}});
  }

  void mute(AccountId account, AccountId target, std::uint64_t rev, bool muted) {
    consume(main_, ++main_offset_, {MuteChanged{account, target, rev, muted}});
  }
  static Event followed(AccountId account, AccountId target, bool holds = true) {
    return FollowChanged{
        .account = account, .target = target.value, .rev = post_id(0).value, .followed = holds};
  }
  void feel(const EmpathyChanged& fact) { consume(empathy_, ++empathy_offset_, {fact}); }
  // Counts come from a thread of their own.
  static void wait_for(const std::function<bool()>& is_there) {
    for (int round = 0; round < 2000 && !is_there(); ++round)
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    EXPECT_TRUE(is_there());
  }

  metrics::Registry registry_;
  KnownRules rules_;
  std::int64_t plaza_pause_ms_ = 3'600'000;
  Origin main_, outbox_, empathy_;
  std::uint64_t end_offset_ = 0, main_offset_ = 0, empathy_offset_ = 0;
  std::vector<std::unique_ptr<io::Executor>> executors_;
  std::unique_ptr<Live> live_;
};

}  // namespace matsuri::timeline::testing
