// What a domain implements to have events written into its database: apply as a pure function of
// (own database, record).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "model/event.h"
#include "model/position.h"
#include "model/record.h"
#include "sql/db.h"

namespace matsuri::stream {

// One record on its way into a view. The payload is decoded once per applier.
struct Record {
  Position position;
  RecordHeader header;
  Event event;
};

// What became of a record. A sum over them is the applier's identity on /metrics:
// read = applied + duplicate + refused + not_mine + quarantined + in_flight.
enum class Outcome : std::uint8_t { applied, duplicate, refused };

// Where a view says what became of the records of a batch, and which facts follow. Everything in it
// is stored in the same transaction as the view's rows.
class BatchResult {
 public:
  explicit BatchResult(std::size_t count) : outcomes_(count, Outcome::applied) {}

  // Records count as applied unless one of these says otherwise. `index` is within the batch.
  void duplicate(std::size_t index) { outcomes_[index] = Outcome::duplicate; }
  // Stored with its reason, looked up by position, and told to its author (a CommandRefused fact).
  void refuse(std::size_t index, Code code, std::string reason);
  // Puts a fact into the view's outbox. `unix_ms` and `account` become the fact's header.
  void fact(Event event, std::int64_t unix_ms, AccountId account);

  struct Refusal {
    std::size_t index;
    Code code;
    std::string reason;
  };
  struct Fact {
    Event event;
    std::int64_t unix_ms;
    AccountId account;
  };
  const std::vector<Outcome>& outcomes() const { return outcomes_; }
  const std::vector<Refusal>& refusals() const { return refusals_; }
  const std::vector<Fact>& facts() const { return facts_; }
  std::vector<Fact> take_facts() { return std::move(facts_); }
  // What went into the outbox, refusals told to their authors among it: for View::committed().
  void put_back(std::vector<Fact> facts) { facts_ = std::move(facts); }

 private:
  std::vector<Outcome> outcomes_;
  std::vector<Refusal> refusals_;
  std::vector<Fact> facts_;
};

// A view in SQL. apply() knows no clock, no randomness and no other database: the same records in
// the same order give the same rows, on both engines. A batch may be applied again after a crash or
// in halves after a failure, but what was committed is never given twice.
class View {
 public:
  virtual ~View() = default;
  virtual std::string_view name() const = 0;
  // Records of other kinds count as not_mine and are never decoded.
  virtual bool wants(EventKind kind) const = 0;
  // Applies records of one origin in their order, inside the applier's transaction. An error rolls
  // the batch back: Code::busy, Code::io and Code::corrupt (the database's own) are retried for
  // ever with backoff; every other code is taken for the fault of one record, which is found by
  // bisecting and quarantined.
  virtual Result<void> apply(sql::Connection& connection, std::span<const Record> records,
                             BatchResult& result) = 0;
  // Told after the commit of what apply() did, batch by batch in the order of the commits, and
  // before anybody hears that the position is passed: memory that has to agree with the rows is
  // brought up to date here, so that who waits for a position finds it so. `result` holds the facts
  // as they were stored. On the applier's thread: it must not wait. Never called for what was
  // committed by another process or before this one began: such memory is loaded from the rows.
  virtual void committed(std::span<const Record> records, const BatchResult& result) {
    static_cast<void>(records);
    static_cast<void>(result);
  }
};

// A view in memory (names, epochs, live streams): no position of its own; it follows facts from
// where its owner loaded it. consume() is called on the follower's thread, batch by batch, in
// order.
class MemoryView {
 public:
  virtual ~MemoryView() = default;
  virtual std::string_view name() const = 0;
  virtual bool wants(EventKind kind) const = 0;
  virtual void consume(std::span<const Record> records) = 0;
};

}  // namespace matsuri::stream
