// Follows the ledger: keeps the tables that show it by account, looks whether it adds up, and voids
// holds that nobody ended.
#pragma once

#include <array>
#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "base/metrics.h"
#include "base/result.h"
#include "io/clock.h"
#include "io/executor.h"
#include "points/ledger.h"
#include "points/projection.h"
#include "sql/db.h"

namespace matsuri::points {

struct KeeperParts {
  sql::Db& db;                   // main's
  std::uint64_t world = 0;       // its incarnation
  std::vector<sql::Db*> shards;  // in the order of their numbers
  Ledger& ledger;
  metrics::Registry* metrics = nullptr;
  std::int64_t look_ms = 1'000;   // what others' nodes decided is found within that
  std::int64_t sweep_ms = 5'000;  // between looks for holds that are over
};

// Thread-safe. Owns one thread, which reads beside the shard's writer: it costs the order nothing.
class Keeper {
 public:
  // Does nothing before start().
  explicit Keeper(KeeperParts parts);
  ~Keeper();
  Keeper(const Keeper&) = delete;
  Keeper& operator=(const Keeper&) = delete;

  void start();

  // There is something new in the ledger. Any thread, quick.
  void wake();

  // `done` runs through `executor` when the tables show the ledger up to `seq`; with false where
  // they do not within `wait_ms`, or too many wait.
  void when_shown(std::uint64_t seq, std::int64_t wait_ms, io::Executor& executor,
                  std::move_only_function<void(bool)> done);

  // Answers all that wait, and ends the thread.
  void stop();

 private:
  struct Waiter {
    std::uint64_t seq = 0;
    std::int64_t until_us = 0;
    io::Executor* executor = nullptr;
    std::move_only_function<void(bool)> done;
  };

  void loop();
  Result<void> begin();
  // Reads some of the ledger. True where there is more.
  Result<bool> read_on();
  Result<void> show(const std::vector<Posted>& ledger, std::uint64_t seq);
  void tell(const std::vector<Fault>& faults, std::size_t count);
  Result<void> sweep();
  // Answers those who have waited long enough; with everybody, all.
  void answer(bool everybody);
  std::int64_t now_us() const { return parts_.ledger.clock().monotonic_us(); }

  const KeeperParts parts_;
  metrics::Counter* shown_counter_ = nullptr;
  std::array<metrics::Counter*, 4> fault_counters_{};  // by Fault::What
  metrics::Gauge* place_gauge_ = nullptr;

  // Of the thread alone.
  bool has_begun_ = false;
  Place stored_;                          // as the table has it
  std::atomic<std::uint64_t> shown_ = 0;  // nothing of the ledger lies between that and `stored_`
  std::int64_t sweep_at_us_ = 0;
  // Voids on their way; shared with their answers, which may come after the end.
  std::shared_ptr<std::atomic<std::size_t>> sweeping_ =
      std::make_shared<std::atomic<std::size_t>>(0);

  std::mutex mutex_;
  std::condition_variable wake_;
  bool has_news_ = false;
  bool is_ending_ = false;
  std::vector<Waiter> waiters_;
  std::thread thread_;
};

}  // namespace matsuri::points
