// What the tests of check-in begin with: a database with its tables, and records to apply to it.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/assert.h"
#include "checkin/apply.h"
#include "checkin/query.h"
#include "checkin/schema.h"
#include "sql/testing/engines.h"
#include "stream/view.h"

namespace matsuri::checkin::testing {

inline constexpr std::int64_t start_ms = 1'790'000'000'000;

// An id of that many milliseconds after the start.
inline std::uint64_t id_at(std::int64_t after_start_ms, Node node = Node{1}) {
  return compose_id({.unix_ms = start_ms + after_start_ms, .node = node});
}

inline std::string nonce_of(std::uint64_t ticket) {
  std::string nonce(16, '\0');
  store(std::as_writable_bytes(std::span(nonce)), 8, ticket);
  return nonce;
}

struct Attempt {
  std::uint64_t id = 0;
  AccountId account;
  std::uint64_t ticket = 0;
  CheckinResult result = CheckinResult::ok;
  std::uint32_t window = 1;
  std::string programme = "lantern-night";
};

inline stream::Record attempt_record(const Attempt& attempt) {
  stream::Record record;
  record.header = {.id = attempt.id,
                   .unix_ms = parts_of(attempt.id).unix_ms,
                   .account = attempt.account,
                   .kind = EventKind::checkin_attempted};
  record.event = CheckinAttempted{.programme = attempt.programme,
                                  .window = attempt.window,
                                  .campaign = "summer",
                                  .points = 10,
                                  .nonce = nonce_of(attempt.ticket),
                                  .ticket_unix_ms = record.header.unix_ms - 5'000,
                                  .result = attempt.result,
                                  .path = "terrestrial"};
  return record;
}

inline stream::Record record_of(Event event, std::uint64_t id = 0) {
  stream::Record record;
  record.header = {.id = id, .unix_ms = start_ms, .kind = kind_of(event)};
  record.event = std::move(event);
  return record;
}

// What points answer.
inline stream::Record settled_record(const GrantDue& due, GrantOutcome outcome,
                                     GrantReason reason = GrantReason::none) {
  return record_of(GrantSettled{.account = due.account,
                                .programme = due.programme,
                                .window = due.window,
                                .event = due.event,
                                .outcome = outcome,
                                .reason = reason,
                                .points = due.points});
}

// The facts of a result.
inline std::vector<GrantDue> dues_of(const stream::BatchResult& result) {
  std::vector<GrantDue> dues;
  for (const stream::BatchResult::Fact& fact : result.facts())
    dues.push_back(std::get<GrantDue>(fact.event));
  return dues;
}

// A database of check-in alone, to which records are applied as an applier would.
class ViewTest : public sql::ForEachEngine {
 protected:
  void SetUp() override {
    sql::ForEachEngine::SetUp();
    if (IsSkipped()) return;
    db_ = open();
    MATSURI_ASSERT(db_->migrate("checkin", migrations()).ok());
  }

  stream::BatchResult apply(const std::vector<stream::Record>& records) {
    std::optional<stream::BatchResult> result;
    const Result<void> done = db_->write_and_wait([&](sql::Connection& connection) -> Result<void> {
      result.emplace(records.size());
      CheckinView view;
      return view.apply(connection, records, *result);
    });
    MATSURI_ASSERT(done.ok(), done.ok() ? "" : done.error().message());
    return std::move(*result);
  }

  CheckinPage own(AccountId account, std::uint64_t before = 0, std::size_t count_max = 100) {
    CheckinPage page;
    const Result<void> done = db_->read_and_wait([&](sql::Connection& connection) -> Result<void> {
      TRY_ASSIGN(page, read_own(connection,
                                {.account = account, .before = before, .count_max = count_max}));
      return {};
    });
    MATSURI_ASSERT(done.ok(), done.ok() ? "" : done.error().message());
    return page;
  }

  std::unique_ptr<sql::Db> db_;
};

}  // namespace matsuri::checkin::testing
