// Brings one view in SQL forward: reads origins, and applies batches of their records exactly once.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "sql/db.h"
#include "stream/internal/batch.h"
#include "stream/internal/feed.h"
#include "stream/internal/signal.h"
#include "stream/internal/tally.h"
#include "stream/internal/watch.h"
#include "stream/outbox.h"
#include "stream/stream.h"
#include "stream/view.h"

namespace matsuri::stream::internal {

// Owns a thread and a connection. A batch is one transaction: the view's rows, refusals, facts, and
// the position, moved by compare-and-set. So whatever ends the process, the batch is there with its
// position, or neither is.
class Applier {
 public:
  Applier(View& view, Outbox& outbox, const Feeds& feeds, Watch& watch,
          std::shared_ptr<Signal> signal, const StreamOptions& options);
  ~Applier() { join(); }
  Applier(const Applier&) = delete;
  Applier& operator=(const Applier&) = delete;

  void start();
  // After the signal says stop: waits for the end of the thread.
  void join();

  View& view() const { return view_; }
  ApplierStatus status() const;

  // Compares the lag with its bound; lags() says what came of it.
  void check_lag();
  // The same, unless somebody has done it within the last moments.
  void check_lag_if_due();
  bool lags() const { return lags_.load(std::memory_order_relaxed); }

 private:
  // One origin as this view reads it.
  struct Follow {
    std::shared_ptr<Feed> feed;
    std::unique_ptr<Cursor> cursor;  // before the feed in death
    Mark mark;
    std::optional<std::uint64_t> stored;  // what the database says; nullopt: no row yet
    std::uint64_t unstored_count = 0;     // records that moved `mark` in memory only
    std::int64_t stored_us = 0;
    std::int64_t retry_us = 0;  // not read before
    std::int64_t backoff_ms = 0;
    bool beyond = false;  // the origin ends before our position: it lost records
  };

  // What became of one transaction.
  enum class Attempt : std::uint8_t {
    done,
    again,     // the database's trouble: wait and repeat
    poisoned,  // the records' fault
    lost,      // somebody else moved the position
    stopped
  };
  struct Tried {
    Attempt attempt = Attempt::done;
    std::optional<Error> error;
  };
  using Work = std::function<Result<void>(sql::Connection&)>;

  void run();
  Result<void> refresh_follows();
  bool step(Follow& follow);
  // Whether an earlier incarnation of the same journal has records that come first.
  bool has_to_wait(const Follow& follow) const;
  bool process(Follow& follow, const Batch& batch);
  bool apply_run(Follow& follow, const Batch& batch, std::size_t low, std::size_t high,
                 std::uint64_t target);
  bool quarantine(Follow& follow, const journal::StoredRecord& record, const Error& error,
                  std::uint64_t target);
  bool persist(Follow& follow);
  void persist_idle();

  Tried settle(Follow& follow, std::uint64_t target, const Work& work);
  Tried transact(Follow& follow, std::uint64_t target, const Work& work);
  Tried resolve_commit(const Follow& follow, std::uint64_t target);
  void advance(Follow& follow, std::uint64_t target, bool stored);
  void read_failed(Follow& follow, const Error& error);
  void lose(const Follow& follow);
  // Notes why the view does not move, by what is to blame: an origin, or "" for the database. An
  // empty text says that it is over.
  void trouble(const std::string& blamed, const std::string& text);

  View& view_;
  const std::string name_;
  Outbox& outbox_;
  const Feeds& feeds_;
  Watch& watch_;
  std::shared_ptr<Signal> signal_;
  const StreamOptions& options_;
  const std::size_t follower_;  // in watch_
  Tally tally_;
  std::atomic<bool> lags_{false};
  std::atomic<std::int64_t> lag_due_us_{0};

  // The thread's own.
  std::unique_ptr<sql::DedicatedConnection> connection_;
  std::map<Origin, Follow> follows_;
  std::shared_ptr<const Feeds::List> list_;
  Batch batch_;
  bool lost_ = false;

  mutable std::mutex mutex_;
  std::map<std::string, std::string> troubles_;
  std::thread thread_;
};

}  // namespace matsuri::stream::internal
