// Tables of the main database that show the ledger by account. They hold nothing that the shard's
// commands do not say: the keeper fills them, and whoever drops their rows gets them again.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "model/ids.h"
#include "points/check.h"
#include "points/model.h"
#include "sql/db.h"

namespace matsuri::points {

// Of the component "points" of main.
std::span<const sql::Migration> migrations();

// How far the ledger was read. `world` is the incarnation of main: behind a restore all is read
// anew, because the shard is of another moment.
struct Place {
  std::uint64_t world = 0;
  std::uint64_t seq = 0;

  bool operator==(const Place&) const = default;
};
Result<Place> read_place(sql::Connection& connection);

// Posts what was read from `from` to `to`, and moves the place. Gives what is wrong with it.
// Code::conflict where the place is elsewhere.
Result<std::vector<Fault>> apply(sql::Connection& connection, std::span<const Posted> ledger,
                                 const Place& from, const Place& to);

// Drops all rows: the keeper begins with the first command.
Result<void> forget_projection(sql::Connection& connection);

// What happened to one account in one command.
struct Posting {
  std::uint64_t seq = 0;
  sequencer::Key key;
  std::int64_t time_ms = 0;
  std::int64_t amount = 0;  // 0 where a hold was committed: it had left the balance before
  std::int64_t balance_after = 0;
  std::int64_t held_after = 0;
  std::string with;  // the other purse: "campaign:summer"
  std::string reason;
  AccountId by;  // none: a title's server
};
// The newest first, those before `before` (0: all), at most `count_max`.
Result<std::vector<Posting>> read_postings(sql::Connection& connection, AccountId account,
                                           std::uint64_t before, std::size_t count_max);

// Open holds that have been over since before `now_ms`, the oldest first. Their title is not there.
// Those of trades are none of them: they have no time, their trades end them.
Result<std::vector<Hold>> read_overdue(sql::Connection& connection, std::int64_t now_ms,
                                       std::size_t count_max);

// For the doctor: what is wrong between the tables. At most `line_count_max` lines.
Result<std::vector<std::string>> examine_projection(sql::Connection& connection,
                                                    std::size_t line_count_max);

}  // namespace matsuri::points
