// How far somebody has read the changes: what `after` and `next` of the feed hold.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "sequencer/history.h"

namespace matsuri::game {

inline constexpr std::size_t cursor_size_max = 8000;  // letters; with one group a shard, about 40

// For each slot of arenas the place up to which its commands were read: so it holds whichever shard
// has the slot by now. The world is the incarnation of the main database, a new one after a
// restore: a cursor of a lost future is told from one of the present.
struct Cursor {
  std::uint64_t world = 0;
  std::vector<std::uint64_t> seqs;  // by slot: slot_count of them

  Cursor() : Cursor(0) {}
  explicit Cursor(std::uint64_t of_world) : world(of_world), seqs(sequencer::slot_count, 0) {}

  // Everything of those slots up to `seq` was read.
  void raise(const sequencer::SlotSet& slots, std::uint64_t seq);

  // "c" and base64url of: world; how many places there are, and the places; then runs of slots, a
  // number of them and which place they have.
  std::string to_token() const;
  // Code::invalid for anything that to_token() does not give.
  static Result<Cursor> from_token(std::string_view token);

  bool operator==(const Cursor&) const = default;
};

}  // namespace matsuri::game
