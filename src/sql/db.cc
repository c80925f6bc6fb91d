// What both engines share: the queues, the pools, and who may write when.
#include "sql/db.h"

#include <future>
#include <mutex>
#include <utility>

#include "base/assert.h"
#include "io/thread_pool.h"
#include "sql/internal/migrate.h"
#include "sql/internal/session.h"
#include "sql/internal/write_queue.h"
#include "sql/internal/writer_gate.h"
#include "sql/replica.h"

namespace matsuri::sql {

namespace {

using internal::Driver;
using internal::Session;
using internal::SessionKind;
using internal::WriterGate;

// Runs an asynchronous call and waits for its answer.
template <class Start>
Result<void> wait_for(Start start) {
  static io::InlineExecutor here;
  // Shared, because the other thread may still be inside set_value() when this one goes on.
  const auto promise = std::make_shared<std::promise<Result<void>>>();
  std::future<Result<void>> answer = promise->get_future();
  TRY(start(here, [promise](Result<void> result) { promise->set_value(std::move(result)); }));
  return answer.get();
}

class DedicatedImpl final : public DedicatedConnection {
 public:
  DedicatedImpl(std::unique_ptr<Session> session, WriterGate& gate, std::string name)
      : session_(std::move(session)), gate_(gate), name_(std::move(name)) {}
  ~DedicatedImpl() override { rollback(); }

  Result<void> begin() override {
    MATSURI_ASSERT(!inside_, "the transaction before this one is still open");
    if (!gate_.enter(internal::gate_wait_max)) {
      return Error(Code::busy, "another writer held database " + name_ + " for too long");
    }
    Result<void> begun = session_->begin_write();
    inside_ = begun.ok();
    if (!inside_) gate_.leave();
    return begun;
  }

  CommitOutcome commit(std::optional<Error>* error) override {
    MATSURI_ASSERT(inside_, "commit() without begin()");
    const CommitOutcome outcome = session_->commit(error);
    leave();
    return outcome;
  }

  void rollback() override {
    if (!inside_) return;
    session_->rollback();
    leave();
  }

  Connection& connection() override { return *session_; }

 private:
  void leave() {
    inside_ = false;
    gate_.leave();
  }

  std::unique_ptr<Session> session_;
  WriterGate& gate_;
  std::string name_;
  bool inside_ = false;
};

// The readers' connections, made when first needed: as many as there are threads.
class ReaderPool {
 public:
  ReaderPool(Driver& driver, const DbOptions& options)
      : driver_(driver),
        threads_({.name = "sql-read",
                  .thread_count = options.reader_count,
                  .queue_count_max = options.queue_count_max}) {}

  Result<void> submit(Db::Body body, io::Executor& executor, Db::Done done) {
    return threads_.submit(
        [this, body = std::move(body), &executor, done = std::move(done)]() mutable {
          Result<void> result = run(body);
          executor.post([done = std::move(done), result = std::move(result)]() mutable {
            done(std::move(result));
          });
        });
  }

 private:
  Result<void> run(Db::Body& body) {
    TRY_ASSIGN(std::unique_ptr<Session> session, take());
    Result<void> result = try_once(*session, body);
    // A lost connection is found by the first who uses it: once more, on a new one.
    if (!result.ok() && result.error().code() == Code::busy) result = try_once(*session, body);
    const std::lock_guard lock(mutex_);
    idle_.push_back(std::move(session));
    return result;
  }

  static Result<void> try_once(Session& session, Db::Body& body) {
    TRY(session.begin_read());
    Result<void> result = body(session);
    session.rollback();
    return result;
  }

  Result<std::unique_ptr<Session>> take() {
    {
      const std::lock_guard lock(mutex_);
      if (!idle_.empty()) {
        std::unique_ptr<Session> session = std::move(idle_.back());
        idle_.pop_back();
        return session;
      }
    }
    return driver_.connect(SessionKind::reader);
  }

  Driver& driver_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<Session>> idle_;
  io::ThreadPool threads_;  // Last: its tasks use the others until it is gone.
};

class DbImpl final : public Db {
 public:
  DbImpl(const DbOptions& options, std::unique_ptr<Driver> driver)
      : options_(options),
        driver_(std::move(driver)),
        writes_(*driver_, gate_, {.name = options.name, .queue_count_max = options.queue_count_max},
                options.metrics != nullptr ? *options.metrics : own_metrics_),
        reads_(*driver_, options) {}

  Result<void> migrate(std::string_view component, std::span<const Migration> migrations) override {
    TRY_ASSIGN(const std::unique_ptr<Session> session, driver_->connect(SessionKind::maintenance));
    return behind_gate(
        [&] { return within(options_.name, internal::migrate(*session, component, migrations)); });
  }

  Result<void> write(Body body, io::Executor& executor, Done done) override {
    return writes_.submit(std::move(body), executor, std::move(done));
  }

  Result<void> read(Body body, io::Executor& executor, Done done) override {
    return reads_.submit(std::move(body), executor, std::move(done));
  }

  Result<std::unique_ptr<DedicatedConnection>> dedicate() override {
    TRY_ASSIGN(std::unique_ptr<Session> session, driver_->connect(SessionKind::writer));
    return std::unique_ptr<DedicatedConnection>(
        std::make_unique<DedicatedImpl>(std::move(session), gate_, options_.name));
  }

  Result<void> checkpoint() override {
    return behind_gate([&] { return within(options_.name, driver_->checkpoint()); });
  }

  Result<void> snapshot_to(const std::string& path) override {
    return within(options_.name, driver_->snapshot_to(path));
  }

  Engine engine() const override { return options_.engine; }
  const std::string& name() const override { return options_.name; }

 private:
  template <class Work>
  Result<void> behind_gate(Work work) {
    if (!gate_.enter(internal::gate_wait_max)) {
      return Error(Code::busy, "another writer held database " + options_.name + " for too long");
    }
    Result<void> result = work();
    gate_.leave();
    return result;
  }

  DbOptions options_;
  metrics::Registry own_metrics_;
  std::unique_ptr<Driver> driver_;
  WriterGate gate_;
  internal::WriteQueue writes_;
  ReaderPool reads_;
};

}  // namespace

Result<std::optional<std::int64_t>> Connection::integer(std::string_view text,
                                                        std::initializer_list<Value> parameters) {
  std::optional<std::int64_t> number;
  bool first = true;
  TRY(query(text, parameters, [&](const Row& row) {
    if (first && !row.is_null(0)) number = row.integer(0);
    first = false;
  }));
  return number;
}

Result<std::unique_ptr<Db>> Db::open(const DbOptions& options) {
  MATSURI_ASSERT(options.reader_count > 0 && options.queue_count_max > 0);
  auto driver = options.engine == Engine::sqlite ? internal::open_sqlite(options)
                                                 : internal::open_mariadb(options);
  if (!driver.ok()) return std::move(driver).error().within("database " + options.name);
  return std::unique_ptr<Db>(std::make_unique<DbImpl>(options, std::move(driver).value()));
}

std::unique_ptr<Db> open_replica(const DbOptions& options, std::chrono::seconds answer_max) {
  MATSURI_ASSERT(options.engine == Engine::mariadb && options.reader_count > 0);
  return std::make_unique<DbImpl>(options, internal::mariadb_replica(options, answer_max));
}

Result<void> Db::restore(const DbOptions& options, const std::string& path) {
  return within("database " + options.name, options.engine == Engine::sqlite
                                                ? internal::restore_sqlite(options, path)
                                                : internal::restore_mariadb(options, path));
}

Result<void> Db::write_and_wait(Body body) {
  return wait_for([&](io::Executor& executor, Done done) {
    return write(std::move(body), executor, std::move(done));
  });
}

Result<void> Db::read_and_wait(Body body) {
  return wait_for([&](io::Executor& executor, Done done) {
    return read(std::move(body), executor, std::move(done));
  });
}

}  // namespace matsuri::sql
