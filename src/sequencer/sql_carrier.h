// Copies a slot's rows from the database of one shard to that of another, beside their owners.
#pragma once

#include <cstdint>
#include <functional>

#include "sequencer/move.h"
#include "sql/db.h"

namespace matsuri::sequencer {

// Waits for databases: never on an I/O thread. Memory: the entities of the slot at the first carry,
// then those of the arenas of one part.
class SqlCarrier final : public Carrier {
 public:
  // Both must outlive it.
  SqlCarrier(sql::Db& from, sql::Db& to) : from_(from), to_(to) {}

  Result<Carried> carry(const MovePlan& plan, std::uint64_t after_seq) override;
  Result<void> clear(const MovePlan& plan) override;

 private:
  struct Rows;
  Result<void> read(const MovePlan& plan, std::uint64_t after_seq, Rows& rows);
  Result<void> write(const MovePlan& plan, const Rows& rows);

  sql::Db& from_;
  sql::Db& to_;
};

}  // namespace matsuri::sequencer
