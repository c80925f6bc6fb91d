// The strict transactions of one database: many bodies, a savepoint each, one commit for all that
// waited while the last one ran.
#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/metrics.h"
#include "sql/db.h"
#include "sql/internal/session.h"
#include "sql/internal/writer_gate.h"

namespace matsuri::sql::internal {

// How long a transaction that meets Code::busy is tried again before its caller hears of it.
inline constexpr std::chrono::milliseconds write_retry_max{5'000};
// How long a writer waits for another one of this process.
inline constexpr std::chrono::milliseconds gate_wait_max{5'000};

// Thread-safe. Owns one thread; destroying it runs what was accepted (once more, without waiting
// for a retry), then joins.
class WriteQueue {
 public:
  struct Options {
    std::string name;
    std::size_t queue_count_max;
  };

  WriteQueue(Driver& driver, WriterGate& gate, Options options, metrics::Registry& metrics);
  ~WriteQueue();
  WriteQueue(const WriteQueue&) = delete;
  WriteQueue& operator=(const WriteQueue&) = delete;

  // Code::busy where the queue is full.
  Result<void> submit(Db::Body body, io::Executor& executor, Db::Done done);

 private:
  using Time = std::chrono::steady_clock::time_point;

  struct Item {
    Db::Body body;
    io::Executor* executor;
    Db::Done done;
    Time not_before{};
    Time give_up{};  // Set by the first try.
    unsigned attempt_count = 0;
    bool alone = false;  // It, or a neighbour, undid a whole group: no company any more.
    Result<void> result{};
  };
  using Group = std::vector<Item>;

  void run();
  // The next items to run together; empty when there is nothing left and no more will come.
  Group next_group();
  bool take_due(std::deque<Item>& from, Group& group, Time now);
  void run_group(Group group);
  // True where the transaction still stands after all bodies.
  bool run_bodies(Session& session, Group& group);
  Result<void> begin();
  void commit(Group group);
  void finish(Item item, Result<void> result);
  // Tries again later, or gives up with `error`.
  void again(Item item, const Error& error);

  Driver& driver_;
  WriterGate& gate_;
  Options options_;
  metrics::Counter& done_count_;
  metrics::Counter& error_count_;
  metrics::Counter& retry_count_;
  metrics::Counter& commit_count_;
  metrics::Histogram& commit_seconds_;
  metrics::Gauge& queue_gauge_;

  std::unique_ptr<Session> session_;  // Of the thread.
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Item> waiting_;
  std::deque<Item> delayed_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace matsuri::sql::internal
