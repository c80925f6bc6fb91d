// Turns what is due into grants of the ledger, at the ledger's own pace, and tells what became of
// each.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <thread>
#include <vector>

#include "account/directory.h"
#include "base/metrics.h"
#include "base/result.h"
#include "io/clock.h"
#include "points/dues.h"
#include "points/ledger.h"
#include "stream/outbox.h"

namespace matsuri::points {

struct SettlerParts {
  stream::Outbox& outbox;  // of the database that has the dues
  Ledger& ledger;
  account::Directory& people;
  io::Clock& clock;
  metrics::Registry* metrics = nullptr;
  std::size_t batch_count_max = 512;  // at once in the order of the ledger, and in one transaction
  std::int64_t look_ms = 1'000;       // between looks where nobody wakes it
};

// A batch: reads dues, hands all of them to the ledger at once, and writes GrantSettled for those
// that are decided, in the transaction that takes them out of the table. What nobody can say now
// stays for the next batch. A kill between the two repeats the batch: an event is granted once,
// whoever asks, so the second answer is the first.
//
// A due is granted, or void with its reason (taken back before, no such campaign or account, no
// possible amount), or budget_exhausted. What was taken back after it had been granted is granted.
class Settler {
 public:
  // Does nothing before start().
  explicit Settler(SettlerParts parts);
  ~Settler();
  Settler(const Settler&) = delete;
  Settler& operator=(const Settler&) = delete;

  void start();
  void stop();
  // There is something new. Any thread, quick; also before start() and after stop().
  void wake();

  // One batch, on the calling thread: for tests, and for the thread. Gives how many were settled,
  // and whether any are left that wait for the ledger.
  struct Batch {
    std::size_t settled_count = 0;
    std::size_t left_count = 0;
  };
  Result<Batch> settle();

 private:
  using Told = std::move_only_function<void(Result<GrantSettled>)>;

  void loop();
  void decide(const GrantDue& due, Told told);
  void look_up(const GrantDue& due, GrantReason otherwise, Told told);
  void explain(const GrantDue& due, Told told);
  Result<void> write(const std::vector<GrantDue>& dues, const std::vector<GrantSettled>& settled);

  const SettlerParts parts_;
  metrics::Counter* counters_[3] = {};  // by GrantOutcome
  metrics::Counter* batches_ = nullptr;

  std::mutex mutex_;
  std::condition_variable wake_;
  bool has_news_ = true;
  bool is_ending_ = false;
  std::thread thread_;
};

}  // namespace matsuri::points
