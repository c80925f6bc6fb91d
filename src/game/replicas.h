// Replicas of shards: who may be told something older asks there, and the shard's own database has
// more time for what is written.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/metrics.h"
#include "base/result.h"
#include "io/clock.h"
#include "sequencer/owner.h"
#include "sql/db.h"

namespace matsuri::game {

// How far a replica is behind.
struct ReplicaLag {
  bool is_there = false;     // it answered when it was looked at last
  std::uint64_t places = 0;  // in the order of its shard
  std::int64_t ms = 0;       // since the last write that it has, where there are others behind
};

struct ReplicasParts {
  struct Shard {
    sql::Db* written = nullptr;
    sql::Db* replica = nullptr;
    std::uint64_t incarnation = 0;  // of what is written: a copy of another life does not count
  };
  std::string role;           // a label: "game" or "log"
  std::vector<Shard> shards;  // in the order of their numbers; they outlive it
  // Of a database, in the transaction of a reader.
  std::function<Result<std::uint64_t>(sql::Connection&)> incarnation_of;
  io::Clock& clock;
  metrics::Registry* metrics = nullptr;
  std::int64_t lease_ms = sequencer::OwnerOptions{}.lease_ms;  // of the shards' owners
};

// Looks at all of them once a second, and once before the constructor returns. Thread-safe. Owns
// one thread.
class Replicas {
 public:
  explicit Replicas(ReplicasParts parts);
  ~Replicas();
  Replicas(const Replicas&) = delete;
  Replicas& operator=(const Replicas&) = delete;

  // nullptr while it does not answer, or is a copy of another life.
  sql::Db* find(std::size_t shard) const;
  // A read of it failed: nobody asks it before it has answered again.
  void lost(std::size_t shard);

  ReplicaLag lag(std::size_t shard) const;
  // All that was written up to then is in all of them.
  std::int64_t as_of_ms() const;
  // How they are, a line each, for people.
  std::vector<std::string> remarks() const;

 private:
  struct State {
    std::atomic<bool> is_there = false;
    std::atomic<std::uint64_t> places = 0;
    std::atomic<std::int64_t> lag_ms = 0;
    std::atomic<std::int64_t> as_of_ms = 0;  // 0: nothing is known
    bool is_told = false;                    // that it is away: of whoever looks
  };

  void meter(metrics::Registry& registry);
  void loop();
  void look();
  Result<void> look_at(std::size_t shard);

  const ReplicasParts parts_;
  std::vector<State> states_;
  std::vector<std::shared_ptr<void>> gauges_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool is_ending_ = false;
  std::thread thread_;
};

}  // namespace matsuri::game
