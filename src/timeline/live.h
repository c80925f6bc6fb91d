// What happens in the timeline, while it happens: the facts of its outbox, sent to those who
// listen.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "base/metrics.h"
#include "http/sse.h"
#include "io/executor.h"
#include "sql/db.h"
#include "stream/view.h"
#include "timeline/query.h"

namespace matsuri::timeline {

// Events kept for those who come back after a lost connection.
inline constexpr std::size_t live_event_count_max = 4096;

// Sends `post` to everybody who listens to its community and may read it, and `refused` to the
// author of a refused command. An event's id is "incarnation.offset" of the outbox: a client that
// comes back with one gets what it missed, or `reset` where that is no longer kept.
//
// Thread-safe. Follow with it the timeline's own outbox (posts) and main's (blocks).
class Live final : public stream::MemoryView {
 public:
  // `from` is where the stream will begin to give the outbox's facts.
  Live(sql::Db& db, const Position& from, metrics::Registry& metrics);

  std::string_view name() const override { return "live"; }
  bool wants(EventKind kind) const override {
    return kind == EventKind::post_published || kind == EventKind::command_refused ||
           kind == EventKind::block_changed;
  }
  void consume(std::span<const stream::Record> records) override;

  struct Listener {
    CommunityId community;
    AccountId viewer;  // none for a visitor
  };
  // Starts with what the stream's Last-Event-ID missed, as soon as the viewer's blocks are known.
  void listen(const Listener& listener, std::shared_ptr<http::EventStream> stream,
              io::Executor& executor);

 private:
  struct Event {
    std::uint64_t offset = 0;
    CommunityId community;  // of a post; none for what goes to `account` alone
    AccountId account;      // the author, or who is to be told
    std::string name;
    std::string data;
  };
  struct Subscriber {
    Listener listener;
    std::shared_ptr<http::EventStream> stream;
    std::uint64_t sent_offset = 0;
    bool is_ready = false;  // blocks are known
    bool needs_reset = false;
    std::unordered_map<AccountId, Hidden> hidden;
  };

  std::vector<Event> render(std::span<const stream::Record> records);
  static void hide(Subscriber& subscriber, const BlockChanged& fact);
  void pump(Subscriber& subscriber);
  std::string id_of(std::uint64_t offset) const;
  std::optional<std::uint64_t> offset_of(std::string_view id) const;
  void begin(const std::shared_ptr<Subscriber>& subscriber, Result<std::vector<Hidden>> hidden);

  sql::Db& db_;
  const Origin outbox_;
  metrics::Gauge& listener_count_;
  metrics::Counter& event_count_;

  std::mutex mutex_;
  std::deque<Event> events_;         // all of those after kept_after_
  std::deque<BlockChanged> blocks_;  // the last ones: a view in SQL may not have them yet
  std::uint64_t kept_after_;
  std::uint64_t end_offset_;  // of the newest outbox row seen, event or not
  std::unordered_set<std::shared_ptr<Subscriber>> subscribers_;
};

}  // namespace matsuri::timeline
