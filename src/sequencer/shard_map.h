// The shard map for those who look at it, and what the operator wants of it. Wishes lie in the
// database of shard 0 and outlive every process: whichever node owns the shards fulfils them.
//
// All of it waits for databases: never on an I/O thread.
#pragma once

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "base/result.h"
#include "sequencer/slots.h"
#include "sql/db.h"

namespace matsuri::sequencer {

// The rows of all shards, in the order of their databases. Code::invalid where one of them was
// never opened as a shard.
Result<std::vector<Slots>> read_map(std::span<sql::Db* const> shards);

// A slot that is to be in a shard, and is not yet.
struct Wish {
  std::uint32_t slot = 0;
  std::uint32_t shard = 0;

  bool operator==(const Wish&) const = default;
};

// Takes the place of what was wished for the same slots before.
Result<void> wish(sql::Db& first, std::span<const Wish> wishes);
// Ascending by slot.
Result<std::vector<Wish>> read_wishes(sql::Db& first);
// Only if it is still the same.
Result<void> fulfilled(sql::Db& first, const Wish& wish);

// Spreads all slots of `shard` evenly over the others, those with the fewest first. Empty where
// there is no other.
std::vector<Wish> drain(std::span<const Slots> shards, std::uint32_t shard);

}  // namespace matsuri::sequencer
