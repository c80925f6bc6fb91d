// Work that follows from a transaction but must not run inside it (mail, export, clean-up): a row
// in the `job` table, written in that transaction; done at least once by a worker, with retries.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/metrics.h"
#include "base/result.h"
#include "io/clock.h"
#include "io/random.h"
#include "model/ids.h"
#include "sql/db.h"

namespace matsuri::stream {

struct NewJob {
  std::string kind;     // at most 64 bytes; the key at most 128
  std::string key;      // one waiting job per (kind, key): a second enqueue keeps the first; while
                        // the first runs, it makes it run once more, with the new payload
  std::string payload;  // the handler's own form
  std::int64_t run_unix_ms = 0;  // not before
};

struct Job {
  JobId id;
  std::string kind;
  std::string key;
  std::string payload;
  std::uint32_t attempt = 1;
};

struct DeadJob {
  Job job;
  std::string reason;
  std::int64_t unix_ms = 0;
};

// Inside the caller's transaction.
Result<void> enqueue(sql::Connection& connection, const NewJob& job);

struct JobWorkerOptions {
  std::size_t thread_count = 1;
  std::uint32_t attempt_count_max = 10;  // then the job is dead, and stays visible
  std::int64_t backoff_ms = 1'000;       // doubles with every attempt, up to an hour
  std::int64_t lease_ms = 60'000;        // a worker that died gives the job back after this
  std::int64_t poll_ms = 1'000;
  io::Clock* clock = &io::system_clock();
  io::Random* random = &io::system_random();
  metrics::Registry* metrics = nullptr;
};

// Runs the due jobs of one database. A handler may be called again after a crash: it uses the job's
// key to do its work once. A job that wants to run for ever gives the time of its next run. The
// database has stream's migrations (Outbox::open() runs them).
class JobWorker {
 public:
  struct Done {
    std::int64_t next_unix_ms = 0;  // 0: finished; else run again then (a schedule)
  };
  using Handler = std::function<Result<Done>(const Job&)>;

  JobWorker(sql::Db& db, JobWorkerOptions options);
  ~JobWorker();
  JobWorker(const JobWorker&) = delete;
  JobWorker& operator=(const JobWorker&) = delete;

  // REQUIRES: before start().
  void handle(std::string_view kind, Handler handler);
  void start();
  void stop();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

Result<std::vector<DeadJob>> list_dead_jobs(sql::Connection& connection);
Result<void> retry_dead_job(sql::Connection& connection, JobId id, std::int64_t now_unix_ms);

}  // namespace matsuri::stream
