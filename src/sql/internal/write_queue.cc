// Group transactions; see write_queue.h.
#include "sql/internal/write_queue.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/log.h"

namespace matsuri::sql::internal {

namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

// More would only make everybody wait for the slowest.
constexpr std::size_t group_count_max = 256;

milliseconds backoff_of(unsigned attempt_count) {
  return milliseconds(std::min(2u << std::min(attempt_count, 7u), 200u));
}

}  // namespace

WriteQueue::WriteQueue(Driver& driver, WriterGate& gate, Options options,
                       metrics::Registry& metrics)
    : driver_(driver),
      gate_(gate),
      options_(std::move(options)),
      done_count_(metrics.counter("matsuri_sql_transactions_total", "Strict transactions answered",
                                  {{"database", options_.name}, {"result", "ok"}})),
      error_count_(metrics.counter("matsuri_sql_transactions_total", "Strict transactions answered",
                                   {{"database", options_.name}, {"result", "error"}})),
      retry_count_(metrics.counter("matsuri_sql_retries_total", "Strict transactions tried again",
                                   {{"database", options_.name}})),
      commit_count_(metrics.counter("matsuri_sql_commits_total", "Commits of strict transactions",
                                    {{"database", options_.name}})),
      commit_seconds_(metrics.histogram("matsuri_sql_commit_seconds",
                                        "Time of one commit of strict transactions",
                                        metrics::seconds_bounds(), {{"database", options_.name}})),
      queue_gauge_(metrics.gauge("matsuri_sql_write_queue", "Strict transactions that wait",
                                 {{"database", options_.name}})),
      thread_([this] { run(); }) {}

WriteQueue::~WriteQueue() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

Result<void> WriteQueue::submit(Db::Body body, io::Executor& executor, Db::Done done) {
  {
    const std::lock_guard lock(mutex_);
    if (waiting_.size() + delayed_.size() >= options_.queue_count_max) {
      return Error(Code::busy, "the write queue of database " + options_.name + " is full (" +
                                   std::to_string(options_.queue_count_max) + ")");
    }
    waiting_.push_back({.body = std::move(body), .executor = &executor, .done = std::move(done)});
  }
  queue_gauge_.add(1);
  wake_.notify_one();
  return {};
}

void WriteQueue::run() {
  for (Group group = next_group(); !group.empty(); group = next_group()) {
    run_group(std::move(group));
  }
}

bool WriteQueue::take_due(std::deque<Item>& from, Group& group, Time now) {
  for (auto item = from.begin(); item != from.end() && group.size() < group_count_max;) {
    const bool due = stopping_ || item->not_before <= now;
    if (!due || (item->alone && !group.empty())) {
      ++item;
      continue;
    }
    group.push_back(std::move(*item));
    item = from.erase(item);
    if (group.back().alone) return true;
  }
  return false;
}

WriteQueue::Group WriteQueue::next_group() {
  std::unique_lock lock(mutex_);
  Group group;
  for (;;) {
    // What was tried before goes first: its time is running out.
    if (!take_due(delayed_, group, steady_clock::now())) take_due(waiting_, group, {});
    if (!group.empty() || (stopping_ && waiting_.empty() && delayed_.empty())) return group;
    if (delayed_.empty()) {
      wake_.wait(lock);
    } else {
      const auto soonest = std::ranges::min_element(delayed_, {}, &Item::not_before);
      wake_.wait_until(lock, Time(soonest->not_before));
    }
  }
}

Result<void> WriteQueue::begin() {
  if (!gate_.enter(gate_wait_max)) {
    return Error(Code::busy, "another writer held database " + options_.name + " for too long");
  }
  Result<void> begun;
  if (session_ == nullptr) {
    Result<std::unique_ptr<Session>> connected = driver_.connect(SessionKind::writer);
    if (connected.ok()) {
      session_ = std::move(connected).value();
    } else {
      begun = std::move(connected).error();
    }
  }
  if (session_ != nullptr) begun = session_->begin_write();
  if (!begun.ok()) gate_.leave();
  return begun;
}

void WriteQueue::run_group(Group group) {
  const Time now = steady_clock::now();
  for (Item& item : group) {
    if (item.attempt_count == 0) item.give_up = now + write_retry_max;
  }
  if (const Result<void> begun = begin(); !begun.ok()) {
    for (Item& item : group) {
      if (begun.error().code() == Code::busy) {
        again(std::move(item), begun.error());
      } else {
        finish(std::move(item), begun.error());
      }
    }
    return;
  }
  if (run_bodies(*session_, group)) {
    commit(std::move(group));
  } else {
    session_->rollback();
    gate_.leave();
    // Nobody's work is left. All go again, each alone, so that whoever undid the others' work can
    // only undo its own. An item that failed for its own good reason has its answer, if it was the
    // only one: with company, the reason may have been a neighbour's uncommitted row.
    const bool had_company = group.size() > 1;
    for (Item& item : group) {
      const Error error = item.result.ok()
                              ? Error(Code::busy, "a neighbour's failure undid the transaction")
                              : item.result.error();
      item.alone = true;
      if (had_company || error.code() == Code::busy) {
        again(std::move(item), error);
      } else {
        finish(std::move(item), error);
      }
    }
  }
}

bool WriteQueue::run_bodies(Session& session, Group& group) {
  const bool alone = group.size() == 1;
  for (Item& item : group) {
    if (!alone) {
      if (item.result = session.savepoint(); !item.result.ok()) return false;
    }
    item.result = item.body(session);
    if (!session.in_transaction()) {
      // A body may not see, or may hide, that its transaction has gone.
      if (item.result.ok()) item.result = Error(Code::busy, "the transaction was rolled back");
      return false;
    }
    if (alone) return item.result.ok();
    const Result<void> closed =
        item.result.ok() ? session.release_savepoint() : session.rollback_to_savepoint();
    if (!closed.ok()) return false;
  }
  return true;
}

void WriteQueue::commit(Group group) {
  const Time start = steady_clock::now();
  std::optional<Error> error;
  const CommitOutcome outcome = session_->commit(&error);
  gate_.leave();
  commit_seconds_.observe(std::chrono::duration<double>(steady_clock::now() - start).count());
  commit_count_.add();
  for (Item& item : group) {
    if (outcome == CommitOutcome::done) {
      if (item.result.ok() || item.result.error().code() != Code::busy) {
        Result<void> result = std::move(item.result);
        finish(std::move(item), std::move(result));
      } else {
        const Error reason = item.result.error();
        again(std::move(item), reason);
      }
    } else if (outcome == CommitOutcome::failed && error->code() == Code::busy) {
      again(std::move(item), *error);
    } else if (outcome == CommitOutcome::failed) {
      finish(std::move(item), *error);
    } else {
      // Not tried again: it may be there already.
      finish(std::move(item),
             Error(Code::io, "it is unknown whether the commit happened: " + error->message()));
    }
  }
}

void WriteQueue::finish(Item item, Result<void> result) {
  queue_gauge_.add(-1);
  (result.ok() ? done_count_ : error_count_).add();
  item.executor->post([done = std::move(item.done), result = std::move(result)]() mutable {
    done(std::move(result));
  });
}

void WriteQueue::again(Item item, const Error& error) {
  const Time now = steady_clock::now();
  std::unique_lock lock(mutex_);
  if (now >= item.give_up || (stopping_ && item.attempt_count > 0)) {
    lock.unlock();
    return finish(std::move(item), error);
  }
  item.not_before = now + backoff_of(item.attempt_count);
  item.attempt_count += 1;
  item.result = {};
  delayed_.push_back(std::move(item));
  lock.unlock();
  retry_count_.add();
  log::debug("sql", "transaction is tried again",
             {{"database", options_.name}, {"reason", error.message()}});
}

}  // namespace matsuri::sql::internal
