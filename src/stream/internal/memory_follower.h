// Brings the views in memory forward: names, standings, live streams.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <thread>
#include <vector>

#include "stream/internal/batch.h"
#include "stream/internal/feed.h"
#include "stream/internal/signal.h"
#include "stream/internal/tally.h"
#include "stream/internal/watch.h"
#include "stream/stream.h"
#include "stream/view.h"

namespace matsuri::stream::internal {

// Owns one thread for all views. Each reads the origins for itself, because each starts elsewhere.
class MemoryFollower {
 public:
  MemoryFollower(const Feeds& feeds, Watch& watch, std::shared_ptr<Signal> signal,
                 const StreamOptions& options);
  ~MemoryFollower() { join(); }
  MemoryFollower(const MemoryFollower&) = delete;
  MemoryFollower& operator=(const MemoryFollower&) = delete;

  // REQUIRES: before start().
  void add(MemoryView& view, const std::vector<Position>& from);
  // Origins that add() did not name begin at the end that they have now.
  void start();
  void join();
  std::vector<ApplierStatus> status() const;

 private:
  struct Follow {
    std::shared_ptr<Feed> feed;
    std::unique_ptr<Cursor> cursor;
    Mark mark;
    std::int64_t retry_us = 0;
    std::int64_t backoff_ms = 0;
  };
  struct Follower {
    MemoryView* view;
    std::size_t index;  // in watch_
    std::unique_ptr<Tally> tally;
    std::map<Origin, std::uint64_t> from;
    std::map<Origin, Follow> follows;
  };

  void run();
  void refresh_follows();
  bool step(Follower& follower, Follow& follow);
  void read_failed(Follower& follower, Follow& follow, const Error& error);

  const Feeds& feeds_;
  Watch& watch_;
  std::shared_ptr<Signal> signal_;
  const StreamOptions& options_;
  std::vector<Follower> followers_;
  std::shared_ptr<const Feeds::List> list_;
  Batch batch_;
  std::thread thread_;
};

}  // namespace matsuri::stream::internal
