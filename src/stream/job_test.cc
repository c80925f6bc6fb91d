// Jobs: at least once, with retries, schedules and dead letters, whoever dies meanwhile.
#include "stream/jobs.h"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <mutex>

#include "stream/testing/fixture.h"

namespace matsuri::stream::testing {
namespace {

class JobTest : public StreamTest {
 protected:
  JobWorkerOptions worker_options() {
    JobWorkerOptions options;
    options.poll_ms = 2;
    options.clock = &clock_;
    options.metrics = &registry_;
    return options;
  }
  static Result<void> add(Store& store, const NewJob& job) {
    return store.db->write_and_wait(
        [&](sql::Connection& connection) { return enqueue(connection, job); });
  }
  static std::vector<DeadJob> dead(Store& store) {
    std::vector<DeadJob> all;
    EXPECT_TRUE(store.db
                    ->read_and_wait([&](sql::Connection& connection) -> Result<void> {
                      TRY_ASSIGN(all, list_dead_jobs(connection));
                      return {};
                    })
                    .ok());
    return all;
  }
  static std::int64_t waiting(Store& store) {
    return number_of(*store.db, "SELECT COUNT(*) FROM job");
  }

  void set_now(std::int64_t unix_ms) { clock_.step_ms(unix_ms - clock_.unix_ms()); }

  io::ManualClock clock_{1'000'000};
};
MATSURI_FOR_EACH_ENGINE(JobTest);

TEST_P(JobTest, RunsWhatWasCommittedAndNothingElse) {
  Store store = open_store(fresh_options());
  EXPECT_FALSE(store.db
                   ->write_and_wait([](sql::Connection& connection) -> Result<void> {
                     TRY(enqueue(connection, {.kind = "mail", .key = "a", .payload = "never"}));
                     return Error(Code::invalid, "the transaction fails");
                   })
                   .ok());
  ASSERT_TRUE(add(store, {.kind = "mail", .key = "b", .payload = std::string("x\0y", 3)}).ok());
  ASSERT_TRUE(add(store, {.kind = "mail", .key = "b", .payload = "a second wish"}).ok());
  ASSERT_TRUE(add(store, {.kind = "others", .key = "c", .payload = ""}).ok());
  std::mutex mutex;
  std::vector<std::string> ran;
  JobWorker worker(*store.db, worker_options());
  worker.handle("mail", [&](const Job& job) -> Result<JobWorker::Done> {
    const std::lock_guard lock(mutex);
    ran.push_back(job.key + "=" + job.payload);
    EXPECT_EQ(job.attempt, 1U);
    return JobWorker::Done{};
  });
  worker.start();
  ASSERT_TRUE(soon([&] { return waiting(store) == 1; }));
  worker.stop();
  EXPECT_EQ(ran, std::vector{std::string("b=x\0y", 5)});
  EXPECT_EQ(rows_of(*store.db, "SELECT kind FROM job"), std::vector<std::string>{"others"});
}

TEST_P(JobTest, RetriesWithBackoffUntilItIsDead) {
  Store store = open_store(fresh_options());
  JobWorkerOptions options = worker_options();
  options.attempt_count_max = 3;
  options.backoff_ms = 1000;
  std::atomic<std::uint32_t> attempts{0};
  std::atomic<bool> mended{false};
  JobWorker worker(*store.db, options);
  worker.handle("mail", [&](const Job& job) -> Result<JobWorker::Done> {
    if (mended) return JobWorker::Done{};
    attempts = job.attempt;
    return Error(Code::io, "no answer");
  });
  ASSERT_TRUE(add(store, {.kind = "mail", .key = "k", .payload = "p"}).ok());
  worker.start();
  const auto next_run = [&] { return number_of(*store.db, "SELECT run_unix_ms FROM job"); };
  ASSERT_TRUE(soon([&] { return next_run() == 1'001'000; }));
  EXPECT_EQ(attempts, 1U);
  set_now(1'000'999);
  ASSERT_TRUE(add(store, {.kind = "mail", .key = "other", .run_unix_ms = 2'000'000}).ok());
  EXPECT_EQ(attempts, 1U);
  set_now(1'001'000);
  ASSERT_TRUE(soon([&] {
    return number_of(*store.db, "SELECT run_unix_ms FROM job WHERE job_key = 'k'") == 1'003'000;
  }));
  EXPECT_EQ(attempts, 2U);
  set_now(1'003'000);
  ASSERT_TRUE(soon([&] { return dead(store).size() == 1; }));
  const DeadJob letter = dead(store)[0];
  EXPECT_EQ(letter.job.key, "k");
  EXPECT_EQ(letter.job.payload, "p");
  EXPECT_EQ(letter.job.attempt, 3U);
  EXPECT_EQ(letter.reason, "io: no answer");
  EXPECT_EQ(letter.unix_ms, 1'003'000);
  // Counted a moment after the commit.
  EXPECT_TRUE(
      soon([&] { return registry_.to_text().find("outcome=\"dead\"} 1") != std::string::npos; }));

  mended = true;
  const auto retry = [&](JobId id) {
    return store.db->write_and_wait([&](sql::Connection& connection) {
      return retry_dead_job(connection, id, clock_.unix_ms());
    });
  };
  EXPECT_EQ(retry(JobId{letter.job.id.value + 1000}).error().code(), Code::not_found);
  ASSERT_TRUE(retry(letter.job.id).ok());
  EXPECT_TRUE(dead(store).empty());
  EXPECT_TRUE(soon(
      [&] { return number_of(*store.db, "SELECT COUNT(*) FROM job WHERE job_key = 'k'") == 0; }));
}

TEST_P(JobTest, RunsOnASchedule) {
  Store store = open_store(fresh_options());
  std::atomic<int> runs{0};
  JobWorker worker(*store.db, worker_options());
  worker.handle("sweep", [&](const Job&) -> Result<JobWorker::Done> {
    ++runs;
    return JobWorker::Done{.next_unix_ms = clock_.unix_ms() + 500};
  });
  ASSERT_TRUE(add(store, {.kind = "sweep", .key = "", .run_unix_ms = 1'000'100}).ok());
  worker.start();
  for (int run = 0; run < 3; ++run) {
    EXPECT_EQ(runs, run);
    set_now(1'000'100 + 500 * run);
    ASSERT_TRUE(soon([&] {
      return number_of(*store.db, "SELECT run_unix_ms FROM job") == 1'000'600 + 500 * run;
    }));
  }
  EXPECT_EQ(runs, 3);
}

// Goal: a wish that comes while the job runs is not lost: the job may have looked before.
TEST_P(JobTest, RunsAgainWhereItWasAskedForMeanwhile) {
  Store store = open_store(fresh_options());
  std::mutex mutex;
  std::vector<std::string> ran;
  JobWorker worker(*store.db, worker_options());
  worker.handle("mail", [&](const Job& job) -> Result<JobWorker::Done> {
    if (job.payload == "first")
      EXPECT_TRUE(add(store, {.kind = "mail", .key = "k", .payload = "second"}).ok());
    const std::lock_guard lock(mutex);
    ran.push_back(job.payload);
    return JobWorker::Done{};
  });
  ASSERT_TRUE(add(store, {.kind = "mail", .key = "k", .payload = "first"}).ok());
  worker.start();
  ASSERT_TRUE(soon([&] { return waiting(store) == 0; }));
  worker.stop();
  EXPECT_EQ(ran, (std::vector<std::string>{"first", "second"}));
}

// Goal: the job of a worker that died is given to another when the lease is over, not before; one
// that kills every worker ends as a dead letter.
TEST_P(JobTest, TakesTheJobOfAWorkerThatDied) {
  Store store = open_store(fresh_options());
  ASSERT_TRUE(add(store, {.kind = "mail", .key = "k"}).ok());
  ASSERT_TRUE(add(store, {.kind = "mail", .key = "deadly"}).ok());
  ASSERT_TRUE(store.db
                  ->write_and_wait([&](sql::Connection& connection) -> Result<void> {
                    TRY(connection.execute(
                        "UPDATE job SET lease_token = 99, lease_unix_ms = 1005000, attempt = 1"));
                    TRY(connection.execute("UPDATE job SET attempt = 10 WHERE job_key = 'deadly'"));
                    return {};
                  })
                  .ok());
  std::atomic<std::uint32_t> attempt{0};
  JobWorker worker(*store.db, worker_options());
  worker.handle("mail", [&](const Job& job) -> Result<JobWorker::Done> {
    attempt = job.attempt;
    return JobWorker::Done{};
  });
  set_now(1'004'999);
  worker.start();
  ASSERT_TRUE(add(store, {.kind = "mail", .key = "free"}).ok());
  ASSERT_TRUE(soon([&] { return waiting(store) == 2; }));
  EXPECT_EQ(attempt, 1U);
  set_now(1'005'000);
  ASSERT_TRUE(soon([&] { return waiting(store) == 0; }));
  EXPECT_EQ(attempt, 2U);
  ASSERT_EQ(dead(store).size(), 1U);
  EXPECT_EQ(dead(store)[0].job.key, "deadly");
  EXPECT_EQ(dead(store)[0].reason, "the worker died in each of 10 attempts");
}

// Goal: several workers share the jobs, and none runs twice while all live.
TEST_P(JobTest, SharesJobsAmongWorkers) {
  Store store = open_store(fresh_options());
  constexpr int count = 60;
  for (int index = 0; index < count; ++index)
    ASSERT_TRUE(add(store, {.kind = "mail", .key = std::to_string(index)}).ok());
  std::array<std::atomic<int>, count> runs{};
  JobWorkerOptions options = worker_options();
  options.thread_count = 3;
  JobWorker one(*store.db, options);
  JobWorker two(*store.db, options);
  for (JobWorker* worker : {&one, &two}) {
    worker->handle("mail", [&](const Job& job) -> Result<JobWorker::Done> {
      ++runs[std::stoul(job.key)];
      return JobWorker::Done{};
    });
    worker->start();
  }
  ASSERT_TRUE(soon([&] { return waiting(store) == 0; }));
  one.stop();
  two.stop();
  for (const std::atomic<int>& run : runs) EXPECT_EQ(run, 1);
}

}  // namespace
}  // namespace matsuri::stream::testing
