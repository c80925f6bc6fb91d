// What happens in the timeline, while it happens: the facts of its outbox, sent to those who
// listen.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "base/metrics.h"
#include "http/sse.h"
#include "io/executor.h"
#include "sql/db.h"
#include "stream/view.h"
#include "timeline/query.h"
#include "timeline/rings.h"
#include "timeline/rules.h"

namespace matsuri::timeline {

// Events kept for those who come back after a lost connection.
inline constexpr std::size_t live_event_count_max = 4096;
// Posts whose counts are sent in one go, and that may wait for it: past that the oldest are left to
// their next change. A client's buffer takes 256 KiB.
inline constexpr std::size_t live_counts_at_once = 256;
inline constexpr std::size_t live_counts_waiting_max = 8192;
inline constexpr std::size_t live_plaza_count = 4;

struct LiveOptions {
  // Counts of a post are sent at most once in this time, however often they change.
  std::int64_t counts_pause_ms = 250;
  // In this time, of the posts on the plaza at most live_plaza_count are sent, and one of a title.
  std::int64_t plaza_pause_ms = 1'000;
};

// Sends to everybody who listens to its community and may read it: `post` (comments too),
// `post_changed`, `post_deleted`, and `counts` as they move; to one account alone: `refused`, and
// `notification` with what is unread. Who listens to their timeline gets the same of the people and
// communities that they follow at that moment, and of themselves, but nothing of comments; and
// `reset` where they follow others than before. Who listens to the plaza gets a few new posts that
// may be shown there, as `plaza_post`, and no counts. The id of an event is "incarnation.offset" of
// the timeline's outbox: a client that comes back with one gets what it missed, or `reset` where
// that is no longer kept. Counts and notifications have no id and are not kept: what is missed of
// them comes with the next change, or with the next read.
//
// Thread-safe. Owns one thread, which reads counts. Follow with it the timeline's own outbox
// (posts), main's (blocks, mutes), empathy's and notification's.
class Live final : public stream::MemoryView {
 public:
  // `from` is where the stream will begin to give the outbox's facts.
  Live(sql::Db& db, const CommunityRules& rules, const Position& from, metrics::Registry& metrics,
       LiveOptions options = {});
  ~Live() override;
  Live(const Live&) = delete;
  Live& operator=(const Live&) = delete;

  std::string_view name() const override { return "live"; }
  bool wants(EventKind kind) const override;
  void consume(std::span<const stream::Record> records) override;

  struct Listener {
    CommunityId community;     // none for all of them
    AccountId viewer;          // none for a visitor
    bool is_timeline = false;  // the viewer's timeline in place of a community
    bool is_on_plaza = false;
  };
  // Starts with what the stream's Last-Event-ID missed, as soon as the viewer's blocks are known.
  void listen(const Listener& listener, std::shared_ptr<http::EventStream> stream,
              io::Executor& executor);

 private:
  struct Event {
    std::uint64_t offset = 0;
    CommunityId community{};    // of a post; none for what goes to `account` alone
    AccountId account{};        // the author, or who is to be told
    AccountId parent_author{};  // of the post that a comment is on
    std::string name;
    std::string data;
    bool is_comment = false;
    TitleId title{};         // on the plaza; none for what has no place there
    bool is_picked = false;  // of posts: it is sent to those who listen to the plaza
  };
  // That one account does not see another any more, or does again.
  struct Relation {
    AccountId account;
    AccountId target;
    bool is_mute = false;
    bool holds = false;
  };
  // What has to be known of a viewer before anything is sent.
  struct Sight {
    std::vector<Hidden> hidden;
    std::vector<Source> sources;
  };
  struct Subscriber {
    Listener listener;
    std::shared_ptr<http::EventStream> stream;
    std::uint64_t sent_offset = 0;
    bool is_ready = false;  // blocks and follows are known
    bool needs_reset = false;
    std::unordered_map<AccountId, Hidden> hidden;
    std::vector<Source> sources;  // of a timeline, in order; the limits on follows bound it

    bool follows(Source source) const;
    // Whether they see what the author says in the community, below a post of `parent_author`.
    bool may_see(CommunityId community, AccountId author, AccountId parent_author) const;
    bool wants(const Event& event) const;
  };
  // A post whose counts have moved, and what a fact said of them: the database may be behind it.
  struct Moved {
    std::uint64_t empathy_count = 0;
    std::uint64_t empathy_rev = 0;
  };

  struct Known;

  std::vector<Event> render(std::span<const stream::Record> records) const;
  // What listeners hear of a record; nothing of most.
  std::optional<Event> event_of(const stream::Record& record, const Known& known) const;
  TitleId plaza_title_of(CommunityId community) const;
  void pick(std::vector<Event>& events);  // for the plaza. REQUIRES: the mutex is held
  void take_others(std::span<const stream::Record> records);
  void move(PostId post, const Moved& moved);  // REQUIRES: the mutex is held
  static void hide(Subscriber& subscriber, const Relation& relation);
  // Whoever listens to their timeline follows as the facts among `records` say.
  // REQUIRES: the mutex is held.
  void follow(std::span<const stream::Record> records);
  static void follow(Subscriber& subscriber, const FollowChanged& fact);
  void pump(Subscriber& subscriber);
  std::string id_of(std::uint64_t offset) const;
  std::optional<std::uint64_t> offset_of(std::string_view id) const;
  void begin(const std::shared_ptr<Subscriber>& subscriber, Result<Sight> sight);
  void run_counts();
  void send_counts(const std::vector<std::pair<PostId, Moved>>& posts);

  sql::Db& db_;
  const CommunityRules& rules_;
  const Origin outbox_;
  const LiveOptions options_;
  metrics::Gauge& listener_count_;
  metrics::Counter& event_count_;

  std::mutex mutex_;
  std::deque<Event> events_;           // all of those after kept_after_
  std::deque<Relation> relations_;     // the last ones: a view in SQL may not have them yet
  std::deque<FollowChanged> follows_;  // the last ones: who begins may have read before them
  std::uint64_t kept_after_;
  std::uint64_t end_offset_;  // of the newest outbox row seen, event or not
  std::unordered_set<std::shared_ptr<Subscriber>> subscribers_;
  struct Pick {
    std::chrono::steady_clock::time_point time;
    TitleId title;
  };
  std::deque<Pick> picks_;  // of the last plaza_pause_ms

  std::unordered_map<PostId, Moved> moved_;
  std::deque<PostId> moved_order_;
  bool is_ending_ = false;
  std::condition_variable has_moved_;
  std::thread counts_thread_;
};

}  // namespace matsuri::timeline
