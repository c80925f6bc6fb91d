#include "analytics/read.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace matsuri::analytics {
namespace {

using sequencer::slot_count;

// Code::corrupt where its outcome can't be read.
Result<Decided> decided(sequencer::StoredCommand stored) {
  Decided command{.seq = stored.seq,
                  .slot = stored.slot,
                  .title = stored.title,
                  .arena = std::move(stored.arena),
                  .actor = stored.actor,
                  .reason = std::move(stored.reason),
                  .unix_ms = stored.time_ms,
                  .entities = {}};
  TRY(read_outcome(stored.outcome, command));
  return command;
}

}  // namespace

Result<ShardEnd> read_end(sql::Connection& connection) {
  ShardEnd end;
  TRY_ASSIGN(sequencer::Kept kept, sequencer::read_kept(connection));
  end.slots = kept.slots;
  end.dropped = std::move(kept.dropped);
  TRY_ASSIGN(end.seq, sequencer::read_seq(connection));
  return end;
}

std::uint64_t first_of(const Places& places, const sequencer::SlotSet& slots) {
  std::uint64_t first = std::numeric_limits<std::uint64_t>::max();
  for (std::size_t slot = 0; slot < slot_count; ++slot)
    if (slots[slot]) first = std::min(first, places[slot]);
  return first;
}

Result<Window> read_window(sql::Connection& connection, const Places& places, std::uint64_t to,
                           std::size_t count_max) {
  Window window;
  TRY_ASSIGN(window.slots, sequencer::read_owned(connection));
  const std::uint64_t first = first_of(places, window.slots);
  window.read_to = to;
  if (first >= to) {
    window.is_end = true;
    return window;
  }
  TRY_ASSIGN(
      std::vector<sequencer::StoredCommand> found,
      sequencer::read_stored(
          connection, {.title = {}, .arena = {}, .slots = {}, .after = {}, .count_max = count_max},
          first, window.read_to));
  for (sequencer::StoredCommand& stored : found) {
    TRY_ASSIGN(Decided command, decided(std::move(stored)));
    if (command.seq <= window.read_to && command.slot < slot_count && window.slots[command.slot] &&
        command.seq > places[command.slot])
      window.commands.push_back(std::move(command));
  }
  window.is_end = window.read_to == to;
  return window;
}

}  // namespace matsuri::analytics
