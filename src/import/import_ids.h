// Ids for things that bring their own time: node 255's.
#pragma once

#include <cstdint>
#include <span>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "model/ids.h"
#include "sql/db.h"

namespace matsuri::imports {

// How many ids of one maker may be given and not stand in the tables yet.
inline constexpr std::size_t ids_unstored_max = 131'072;

// Makes ids of the wished milliseconds that no account, title, community or post has, of this
// import or an earlier one. Sequences of a full millisecond go on in the next one.
//
// It asks the tables for every id before it gives it, and remembers those that may not be there
// yet; so it needs no state of its own, and bounded memory. One thread; one import at a time
// (DATA/LOCK).
class ImportIds {
 public:
  ImportIds(sql::Db& main_db, sql::Db& timeline_db, Region region)
      : main_db_(main_db), timeline_db_(timeline_db), region_(region) {}

  // One id for each time, in their order. REQUIRES: the times lie in the range of ids; of the ids
  // given before, all but ids_unstored_max - unix_ms.size() are in the tables, or never come there.
  Result<std::vector<std::uint64_t>> make(std::span<const std::int64_t> unix_ms);

 private:
  struct Wanted {
    std::size_t index;
    std::int64_t unix_ms;
  };
  using Next = std::unordered_map<std::int64_t, std::uint32_t>;  // millisecond to next sequence

  std::uint32_t& next_of(std::int64_t unix_ms);
  // Gives the next sequence at or after that millisecond, as far as memory knows.
  std::uint64_t propose(std::int64_t unix_ms);
  // Moves the sequences of the milliseconds of `taken` behind the largest that a table has.
  Result<void> skip(std::span<const std::uint64_t> taken);
  Result<void> find_taken(std::span<const std::uint64_t> ids, std::vector<std::uint64_t>& taken);

  sql::Db& main_db_;
  sql::Db& timeline_db_;
  const Region region_;
  Next recent_;  // at most ids_unstored_max milliseconds, then it becomes older_
  Next older_;
};

}  // namespace matsuri::imports
