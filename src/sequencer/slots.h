// Which shard has which arenas. An arena has a slot for ever; slots belong to shards, and move.
//
// Each shard's database has a row for every slot, and these rows together are the shard map: there
// is no other. Only the owner of a shard changes its rows, in its own order and transactions, so
// they are fenced as commands are. `version` grows with each move of a slot.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/ids.h"

namespace matsuri::sequencer {

inline constexpr std::uint32_t slot_count = 1024;
// 0 to slot_count - 1. Stored with every row; never changed.
std::uint32_t slot_of(TitleId title, std::string_view arena);

// The values are stored: never renumber them.
enum class SlotState : std::uint8_t {
  none = 0,      // never was here
  owned = 1,     // its commands are decided here
  given = 2,     // to `peer`: nothing of it is decided here any more
  arriving = 3,  // from `peer`: its rows come in, nothing is decided here yet
};

struct SlotRow {
  SlotState state = SlotState::none;
  std::uint64_t version = 0;
  std::uint32_t peer = 0;  // number of the other shard; of one that never moved, 0

  bool operator==(const SlotRow&) const = default;
};

// One shard's rows, by slot: slot_count of them.
using Slots = std::vector<SlotRow>;

// As it is before any move: the first `shard_count` shards have equal parts.
Slots first_slots(std::uint32_t shard, std::uint32_t shard_count);

// Asks a shard to change the row of a slot, at its place in the order.
struct SlotChange {
  std::uint32_t slot = 0;
  SlotRow row;  // what it shall be
  // Of the shard that gives: its rows are carried up to this place; refused where it has decided
  // something of the slot since. The one that takes decides nothing at or below it.
  std::uint64_t seq = 0;
};

// May it follow `now`? given follows owned of the version before; owned follows arriving of the
// same version; arriving follows all of older versions that are not owned. What is there already
// may come again. Else Code::conflict.
Result<void> check_change(const SlotRow& now, const SlotRow& next);

// The shard that has each slot, or gets it once a move is finished, by the rows of all shards.
std::vector<std::uint32_t> map_of(std::span<const Slots> shards);

// One slot on its way.
struct MovePlan {
  std::uint32_t slot = 0;
  std::uint32_t from = 0;
  std::uint32_t to = 0;
  std::uint64_t version = 0;  // what its rows get

  bool operator==(const MovePlan&) const = default;
};

// A new one; nullopt where nobody owns the slot now, or `to` does.
std::optional<MovePlan> plan_of(std::span<const Slots> shards, std::uint32_t slot,
                                std::uint32_t to);
// Those that were decided (given), and not finished: whoever finds them takes the slot.
std::vector<MovePlan> unfinished(std::span<const Slots> shards);

}  // namespace matsuri::sequencer
