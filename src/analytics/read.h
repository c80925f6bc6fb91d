// Windows over the commands of a shard, for whoever wants each of them once, wherever slots move.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "analytics/fold.h"
#include "base/result.h"
#include "sequencer/history.h"
#include "sql/db.h"

namespace matsuri::analytics {

// By slot: the place up to which its commands were counted (see game/cursor.h).
using Places = std::vector<std::uint64_t>;

struct ShardEnd {
  sequencer::SlotSet slots;  // that the shard has
  Places dropped;            // up to there commands may be gone
  std::uint64_t seq = 0;     // where it is
};
// Of one moment.
Result<ShardEnd> read_end(sql::Connection& connection);

// Where one goes on in a shard: before the first command of any of `slots` that was not counted.
std::uint64_t first_of(const Places& places, const sequencer::SlotSet& slots);

struct Window {
  sequencer::SlotSet slots;       // that the shard had
  std::vector<Decided> commands;  // of these, not counted yet, in the order of the shard
  std::uint64_t read_to = 0;      // everything of these slots up to here was looked at
  bool is_end = false;            // `to` was reached
};
// The next commands up to the place `to`, about `count_max` of them: applied and refused ones, of
// all titles. Code::corrupt for an outcome that can't be read.
Result<Window> read_window(sql::Connection& connection, const Places& places, std::uint64_t to,
                           std::size_t count_max);

}  // namespace matsuri::analytics
