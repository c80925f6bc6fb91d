// What a node does besides serving: it writes down who was seen, drops what nobody needs any more,
// takes snapshots for rebuilds, and forgets what is too old.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "account/exec.h"
#include "base/result.h"
#include "io/clock.h"
#include "journal/writer.h"
#include "sql/db.h"
#include "stream/jobs.h"
#include "stream/outbox.h"
#include "stream/rebuild.h"
#include "stream/stream.h"

namespace matsuri::ops {

struct UpkeepParts {
  account::Accounts& accounts;
  journal::Writer& journal;
  stream::Stream& stream;
  sql::Db& main_db;
  sql::Db& timeline_db;
  stream::Outbox& timeline_outbox;
  std::string data;  // whose RETAIN is respected
  std::string snapshot_folder;
  std::uint64_t journal_keep_size;
  io::Clock& clock;
};

inline constexpr std::int64_t upkeep_period_ms = 60'000;
inline constexpr std::int64_t snapshot_period_ms = std::int64_t{24} * 3600 * 1000;
inline constexpr std::int64_t first_snapshot_ms = 600'000;  // after the start, where there is none
inline constexpr std::int64_t clean_up_period_ms = 3600 * 1000;
// Facts of the timeline that stay for consumers to come.
inline constexpr std::uint64_t outbox_keep_count = 1'000'000;

// Owns one thread, and a job worker for each database. A failure is logged and tried again in the
// next period: nothing that is served depends on it.
class Upkeep {
 public:
  explicit Upkeep(UpkeepParts parts);
  ~Upkeep();
  Upkeep(const Upkeep&) = delete;
  Upkeep& operator=(const Upkeep&) = delete;

  void stop();

  // One period's work, on the calling thread. For tests and for the thread.
  Result<void> run_once();

 private:
  void loop();
  Result<void> snapshot_if_due();
  Result<void> drop_what_is_applied();

  UpkeepParts parts_;
  const std::int64_t start_ms_;
  stream::JobWorker main_jobs_;
  stream::JobWorker timeline_jobs_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool is_stopping_ = false;
  std::thread thread_;
};

}  // namespace matsuri::ops
