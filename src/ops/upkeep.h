// What a node does besides serving: it writes down who was seen, drops what nobody needs any more,
// takes snapshots for rebuilds, and forgets what is too old.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

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

struct UpkeepDatabase {
  stream::Outbox& outbox;
  // Its rows are a view's: snapshots are taken for its rebuild, and facts go when they are read and
  // there are too many. Without one, facts stay for views to come.
  bool has_view = false;
  // Forgets what is too old, one turn, and gives how many rows that was; on a job's thread. None:
  // nothing gets old there.
  std::function<Result<std::uint64_t>(std::int64_t now_unix_ms)> clean_up = {};
};

struct UpkeepParts {
  account::Accounts& accounts;
  journal::Writer& journal;
  stream::Stream& stream;
  std::vector<UpkeepDatabase> databases;
  std::string data;  // whose RETAIN is respected
  std::string snapshot_folder;
  std::uint64_t journal_keep_size;
  io::Clock& clock;
  std::uint64_t outbox_keep_count = 1'000'000;  // facts of a view that stay for consumers to come
};

inline constexpr std::int64_t upkeep_period_ms = 60'000;
inline constexpr std::int64_t snapshot_period_ms = std::int64_t{24} * 3600 * 1000;
inline constexpr std::int64_t first_snapshot_ms = 600'000;  // after the start, where there is none
inline constexpr std::int64_t clean_up_period_ms = 3600 * 1000;

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
  Result<void> snapshot_if_due(stream::Outbox& outbox);
  Result<void> drop_what_is_applied();
  Result<void> drop_facts(stream::Outbox& outbox, const std::vector<Position>& droppable);

  UpkeepParts parts_;
  const std::int64_t start_ms_;
  std::vector<std::unique_ptr<stream::JobWorker>> jobs_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool is_stopping_ = false;
  std::thread thread_;
};

}  // namespace matsuri::ops
