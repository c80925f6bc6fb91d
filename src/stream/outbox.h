// Facts that leave a database: rows written in the transaction that made them true. An outbox is an
// origin, like a journal: its rows have positions, and `Matsuri-Position` covers strict commands.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "io/random.h"
#include "model/event.h"
#include "model/position.h"
#include "sql/db.h"
#include "stream/view.h"

namespace matsuri::stream {

// Migrations of stream's own tables (origin, outbox, view_position, refusal, quarantine, job):
// every database that uses stream runs them as component "stream".
std::span<const sql::Migration> migrations();

// The outbox of one database. Thread-safe.
class Outbox {
 public:
  // Runs stream's migrations, and reads (on the first open makes) the database's incarnation.
  static Result<std::unique_ptr<Outbox>> open(sql::Db& db, Region region, Node node,
                                              io::Random& random);

  const Origin& origin() const { return origin_; }
  sql::Db& db() const { return *db_; }

  // Writes facts inside the caller's transaction (the database has one writer at a time, so offsets
  // have no gaps: next = largest + 1, also after retention). Gives the position of the last one.
  Result<Position> put(sql::Connection& connection, std::span<const BatchResult::Fact> facts);

  // Call after the commit: wakes those that tail it in this process. Others find rows by polling.
  void committed(const Position& position);

  // Calls `listener` (be quick) with the offset of each committed(). The returned handle ends it; a
  // call that runs on another thread may still be ending then.
  [[nodiscard]] std::shared_ptr<void> on_committed(std::function<void(std::uint64_t)> listener);

  // Rows after `offset`, in order, at most `count_max`. Code::not_found where one is of a kind that
  // this version does not know.
  Result<std::vector<Record>> read(std::uint64_t offset, std::size_t count_max);

  // The same without decoding: the owner of the bytes lies in the row.
  struct Row {
    std::uint64_t offset = 0;
    RecordHeader header;
    std::string payload;
  };
  using Rows = std::vector<Row>;
  Result<Rows> read_rows(std::uint64_t offset, std::size_t count_max);
  // The committed rows that were put together, `offset` among them, from memory: null where this
  // object did not put them, or where newer ones have taken their place.
  std::shared_ptr<const Rows> recent(std::uint64_t offset) const;

  // The offset of the last fact; waits for a reader of the database.
  Result<std::uint64_t> end_offset();

  // Deletes rows at or below `offset`, always keeping the newest so that offsets go on.
  Result<void> drop(std::uint64_t offset);

 private:
  Outbox(sql::Db& db, Origin origin);
  struct State;
  sql::Db* db_;
  Origin origin_;
  std::shared_ptr<State> state_;
};

// For restore: gives the database of `connection` a new incarnation, keeping its rows out of the
// new one's way (consumers read the facts again from the first row that is left; they are
// absolute).
Result<void> renew_incarnation(sql::Connection& connection, io::Random& random);

}  // namespace matsuri::stream
