// Who has come how far, and who waits for it: read-your-own-writes, drain, lag and retention all
// ask here.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "io/clock.h"
#include "model/position.h"
#include "stream/internal/feed.h"

namespace matsuri::stream::internal {

// How far a follower is in one origin. stored <= applied <= read.
struct Mark {
  std::uint64_t read = 0;     // taken from the origin
  std::uint64_t applied = 0;  // done with, whatever became of it
  std::uint64_t stored = 0;   // so said by the follower's database; in memory: as applied
};

// Thread-safe. Owns one thread, which calls those whose time is over and those whose position is
// passed. Followers are added before start().
class Watch {
 public:
  using Done = std::move_only_function<void(bool)>;

  Watch(const Feeds& feeds, io::Clock& clock) : feeds_(feeds), clock_(clock) {}
  ~Watch() { stop(); }

  // `own_outbox`: the one origin that the follower does not read.
  std::size_t add_follower(std::optional<Origin> own_outbox);
  bool follows(std::size_t follower, const Origin& origin) const;
  void start();
  // Calls all who wait with false.
  void stop();

  void move(std::size_t follower, const Origin& origin, const Mark& mark);

  bool has_passed(std::span<const Position> positions) const;
  void when_passed(std::vector<Position> positions, std::int64_t timeout_ms, Done done);
  // The same, waiting on the calling thread.
  bool wait_passed(std::vector<Position> positions, std::int64_t timeout_ms);

  // Records that the origins have and the follower has not read; has not applied.
  struct Lag {
    std::uint64_t unread = 0;
    std::uint64_t unapplied = 0;
  };
  Lag lag(std::size_t follower) const;
  std::vector<Position> applied(std::size_t follower) const;
  // The lowest stored position of those that follow it, of every origin that anybody follows.
  std::vector<Position> stored_by_all() const;

 private:
  struct Follower {
    std::optional<Origin> own_outbox;
    std::map<Origin, Mark> marks;
  };
  struct Waiter {
    std::vector<Position> positions;
    std::int64_t deadline_us;
    Done done;
  };
  // What every follower of an origin has applied, for the origins that are followed now.
  using Passed = std::unordered_map<Origin, std::uint64_t>;
  Passed passed() const;  // REQUIRES: mutex_ held
  static bool covers(const Passed& passed, std::span<const Position> positions);
  void run();

  const Feeds& feeds_;
  io::Clock& clock_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Follower> followers_;
  std::vector<Waiter> waiters_;
  bool moved_ = false;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace matsuri::stream::internal
