#include "stream/jobs.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "base/assert.h"
#include "base/log.h"
#include "stream/internal/schema.h"
#include "stream/outbox.h"

namespace matsuri::stream {
namespace {

constexpr std::int64_t backoff_ms_max = 3'600'000;

std::string worker_died(std::uint32_t attempts) {
  return "the worker died in each of " + std::to_string(attempts) + " attempts";
}

}  // namespace

Result<void> enqueue(sql::Connection& connection, const NewJob& job) {
  TRY_ASSIGN(const std::uint64_t id, internal::advance_counter(connection, "job", 1));
  // A job that runs just now may have looked at the world already: it runs once more afterwards.
  TRY(connection.execute(
      "INSERT INTO job (kind, job_key, id, payload, again_payload, run_unix_ms, attempt,"
      " lease_token, lease_unix_ms) VALUES (?, ?, ?, ?, NULL, ?, 0, 0, 0)"
      " ON CONFLICT(kind, job_key) DO UPDATE SET again_payload ="
      " CASE WHEN lease_token <> 0 THEN excluded.payload ELSE again_payload END",
      {job.kind, job.key, id, as_bytes(job.payload), job.run_unix_ms}));
  return {};
}

class JobWorker::Impl {
 public:
  Impl(sql::Db& db, JobWorkerOptions options) : db_(db), options_(std::move(options)) {}

  void handle(std::string_view kind, Handler handler) {
    MATSURI_ASSERT(threads_.empty(), "handlers are given before start()");
    handlers_.insert_or_assign(std::string(kind), std::move(handler));
  }

  void start() {
    MATSURI_ASSERT(threads_.empty(), "a worker starts once");
    if (handlers_.empty()) return;
    for (std::size_t index = 0; index < std::max<std::size_t>(options_.thread_count, 1); ++index)
      threads_.emplace_back([this] { run(); });
  }

  void stop() {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    changed_.notify_all();
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
  }

 private:
  struct Claim {
    Job job;
    std::uint64_t token = 0;
  };

  void run() {
    while (!stopping()) {
      Result<std::optional<Claim>> claim = claim_one();
      if (claim.ok() && *claim) {
        work(**claim);
        continue;
      }
      if (!claim.ok())
        log::warn("jobs", "can't look for jobs",
                  {{"db", db_.name()}, {"why", claim.error().to_string()}});
      std::unique_lock lock(mutex_);
      changed_.wait_for(lock, std::chrono::milliseconds(options_.poll_ms),
                        [this] { return stopping_; });
    }
  }

  bool stopping() {
    const std::lock_guard lock(mutex_);
    return stopping_;
  }

  // The due job that waits longest, if this worker is the one to get it.
  Result<std::optional<Claim>> claim_one() {
    std::optional<Claim> claim;
    const std::int64_t now = options_.clock->unix_ms();
    TRY(db_.write_and_wait([&](sql::Connection& connection) -> Result<void> {
      claim.reset();
      return claim_in(connection, now, claim);
    }));
    return claim;
  }

  Result<void> claim_in(sql::Connection& connection, std::int64_t now,
                        std::optional<Claim>& claim) {
    std::string text =
        "SELECT id, kind, job_key, payload, attempt, lease_token FROM job WHERE run_unix_ms <= ?"
        " AND (lease_token = 0 OR lease_unix_ms <= ?) AND kind IN (";
    std::vector<sql::Value> values = {now, now};
    for (const auto& [kind, handler] : handlers_) {
      text += values.size() == 2 ? "?" : ", ?";
      values.emplace_back(kind);
    }
    text += ") ORDER BY run_unix_ms, id LIMIT 1";
    std::uint64_t token_before = 0;
    std::optional<Claim> found;
    TRY(connection.query(text, values, [&](const sql::Row& row) {
      found = Claim{.job = {.id = JobId{row.id(0)},
                            .kind = std::string(row.text(1)),
                            .key = std::string(row.text(2)),
                            .payload = std::string(as_text(row.blob(3))),
                            .attempt = static_cast<std::uint32_t>(row.integer(4)) + 1}};
      token_before = row.id(5);
    }));
    if (!found) return {};
    if (found->job.attempt > options_.attempt_count_max) {
      const std::uint32_t died = --found->job.attempt;
      return bury(connection, found->job, token_before, worker_died(died), now);
    }
    found->token = new_token();
    TRY_ASSIGN(const std::uint64_t matched,
               connection.execute(
                   "UPDATE job SET lease_token = ?, lease_unix_ms = ?,"
                   " attempt = attempt + 1 WHERE id = ? AND lease_token = ?",
                   {found->token, now + options_.lease_ms, found->job.id.value, token_before}));
    if (matched == 1) claim = std::move(found);
    return {};
  }

  std::uint64_t new_token() {
    for (;;)
      if (const std::uint64_t token = options_.random->next_u64() >> 1; token != 0) return token;
  }

  void work(const Claim& claim) {
    const Job& job = claim.job;
    const Result<Done> result = handlers_.at(job.kind)(job);
    const std::int64_t now = options_.clock->unix_ms();
    std::string_view outcome = "done";
    const auto store = [&](sql::Connection& connection) -> Result<void> {
      if (result.ok()) return finish(connection, claim, result->next_unix_ms, now);
      if (job.attempt >= options_.attempt_count_max) {
        outcome = "dead";
        return bury(connection, job, claim.token, result.error().to_string(), now);
      }
      outcome = "failed";
      return postpone(connection, claim, now);
    };
    // Where this fails too, the lease runs out and the job runs again.
    if (const Result<void> stored = db_.write_and_wait(store); !stored.ok()) {
      log::warn("jobs", "a job ran, but that could not be stored: it will run again",
                {{"kind", job.kind}, {"why", stored.error().to_string()}});
      return;
    }
    if (!result.ok())
      log::warn("jobs", outcome == "dead" ? "job is dead" : "job failed",
                {{"kind", job.kind},
                 {"key", job.key},
                 {"attempt", job.attempt},
                 {"why", result.error().to_string()}});
    if (options_.metrics)
      options_.metrics
          ->counter("matsuri_jobs_total", "Runs of jobs by what became of them",
                    {{"db", db_.name()}, {"kind", job.kind}, {"outcome", std::string(outcome)}})
          .add();
  }

  static Result<void> finish(sql::Connection& connection, const Claim& claim,
                             std::int64_t next_unix_ms, std::int64_t now) {
    // Asked for again while it ran: with the newer payload, at once.
    TRY_ASSIGN(const std::uint64_t again,
               connection.execute("UPDATE job SET payload = again_payload, again_payload = NULL,"
                                  " run_unix_ms = ?, attempt = 0, lease_token = 0,"
                                  " lease_unix_ms = 0 WHERE id = ? AND lease_token = ?"
                                  " AND again_payload IS NOT NULL",
                                  {now, claim.job.id.value, claim.token}));
    if (again != 0) return {};
    if (next_unix_ms == 0) {
      TRY(connection.execute("DELETE FROM job WHERE id = ? AND lease_token = ?",
                             {claim.job.id.value, claim.token}));
    } else {
      TRY(
          connection.execute("UPDATE job SET run_unix_ms = ?, attempt = 0, lease_token = 0,"
                             " lease_unix_ms = 0 WHERE id = ? AND lease_token = ?",
                             {next_unix_ms, claim.job.id.value, claim.token}));
    }
    return {};
  }

  Result<void> postpone(sql::Connection& connection, const Claim& claim, std::int64_t now) {
    std::int64_t backoff_ms = options_.backoff_ms;
    for (std::uint32_t count = 1; count < claim.job.attempt && backoff_ms < backoff_ms_max; ++count)
      backoff_ms *= 2;
    TRY(connection.execute(
        "UPDATE job SET run_unix_ms = ?, lease_token = 0, lease_unix_ms = 0"
        " WHERE id = ? AND lease_token = ?",
        {now + std::min(backoff_ms, backoff_ms_max), claim.job.id.value, claim.token}));
    return {};
  }

  static Result<void> bury(sql::Connection& connection, const Job& job, std::uint64_t token,
                           std::string_view reason, std::int64_t now) {
    // Asked for again while it ran: that wish does not die with it.
    TRY_ASSIGN(const std::uint64_t id_next, internal::advance_counter(connection, "job", 1));
    TRY_ASSIGN(const std::uint64_t again,
               connection.execute("UPDATE job SET id = ?, payload = again_payload,"
                                  " again_payload = NULL, run_unix_ms = ?, attempt = 0,"
                                  " lease_token = 0, lease_unix_ms = 0 WHERE id = ?"
                                  " AND lease_token = ? AND again_payload IS NOT NULL",
                                  {id_next, now, job.id.value, token}));
    if (again == 0) {
      TRY_ASSIGN(const std::uint64_t matched,
                 connection.execute("DELETE FROM job WHERE id = ? AND lease_token = ?",
                                    {job.id.value, token}));
      if (matched == 0) return {};
    }
    TRY(connection.execute(
        "INSERT INTO dead_job (id, kind, job_key, payload, attempt, reason, unix_ms)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        {job.id.value, job.kind, job.key, as_bytes(job.payload), job.attempt,
         internal::clean_text(reason, internal::reason_size_max), now}));
    return {};
  }

  sql::Db& db_;
  const JobWorkerOptions options_;
  std::map<std::string, Handler, std::less<>> handlers_;
  std::vector<std::thread> threads_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool stopping_ = false;
};

JobWorker::JobWorker(sql::Db& db, JobWorkerOptions options)
    : impl_(std::make_unique<Impl>(db, std::move(options))) {}
JobWorker::~JobWorker() { stop(); }
void JobWorker::handle(std::string_view kind, Handler handler) {
  impl_->handle(kind, std::move(handler));
}
void JobWorker::start() { impl_->start(); }
void JobWorker::stop() { impl_->stop(); }

Result<std::vector<DeadJob>> list_dead_jobs(sql::Connection& connection) {
  std::vector<DeadJob> all;
  TRY(connection.query(
      "SELECT id, kind, job_key, payload, attempt, reason, unix_ms FROM dead_job"
      " ORDER BY unix_ms, id",
      {}, [&](const sql::Row& row) {
        all.push_back({.job = {.id = JobId{row.id(0)},
                               .kind = std::string(row.text(1)),
                               .key = std::string(row.text(2)),
                               .payload = std::string(as_text(row.blob(3))),
                               .attempt = static_cast<std::uint32_t>(row.integer(4))},
                       .reason = std::string(row.text(5)),
                       .unix_ms = row.integer(6)});
      }));
  return all;
}

Result<void> retry_dead_job(sql::Connection& connection, JobId id, std::int64_t now_unix_ms) {
  std::optional<NewJob> job;
  TRY(connection.query("SELECT kind, job_key, payload FROM dead_job WHERE id = ?", {id.value},
                       [&](const sql::Row& row) {
                         job = NewJob{.kind = std::string(row.text(0)),
                                      .key = std::string(row.text(1)),
                                      .payload = std::string(as_text(row.blob(2))),
                                      .run_unix_ms = now_unix_ms};
                       }));
  if (!job) return Error(Code::not_found, "no dead job has the id " + id.to_string());
  TRY(enqueue(connection, *job));
  TRY(connection.execute("DELETE FROM dead_job WHERE id = ?", {id.value}));
  return {};
}

}  // namespace matsuri::stream
