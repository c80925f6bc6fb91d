#include "analytics/read.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "base/bytes.h"

namespace matsuri::analytics {
namespace {

using sequencer::slot_count;

// How many shards may have used the same place.
constexpr std::size_t same_place_max = 64;

std::pair<std::uint64_t, const std::string&> place_of(const Decided& command) {
  return {command.seq, command.key};
}

// What `table` has behind `first`, up to `last`. Where that is more than one read takes, `last`
// becomes the last place of which there is everything.
Result<void> read_table(sql::Connection& connection, std::string_view table, std::size_t count_max,
                        std::uint64_t first, std::uint64_t& last, std::vector<Decided>& found) {
  std::string text =
      "SELECT seq, command_key, slot, title, arena, actor, reason, unix_ms, outcome FROM ";
  text.append(table).append(" WHERE seq > ? AND seq <= ? ORDER BY seq LIMIT ?");
  const std::size_t row_count_max = count_max + same_place_max;
  std::size_t row_count = 0;
  Result<void> read;  // a callback has no result
  TRY(connection.query(text, {first, last, std::uint64_t{row_count_max}}, [&](const sql::Row& row) {
    ++row_count;
    Decided& command = found.emplace_back(Decided{.seq = row.id(0),
                                                  .key = std::string(as_text(row.blob(1))),
                                                  .slot = static_cast<std::uint32_t>(row.id(2)),
                                                  .title = TitleId{row.id(3)},
                                                  .arena = std::string(row.text(4)),
                                                  .actor = AccountId{row.id(5)},
                                                  .reason = std::string(row.text(6)),
                                                  .unix_ms = row.integer(7),
                                                  .entities = {}});
    Result<void> one = read_outcome(as_text(row.blob(8)), command);
    if (!one.ok() && read.ok()) read = std::move(one);
  }));
  TRY(std::move(read));
  if (row_count == row_count_max) last = found.back().seq - 1;
  return {};
}

}  // namespace

Result<ShardEnd> read_end(sql::Connection& connection) {
  ShardEnd end;
  TRY_ASSIGN(end.slots, sequencer::read_owned(connection));
  TRY_ASSIGN(end.seq, sequencer::read_seq(connection));
  return end;
}

std::uint64_t first_of(const Places& places, const sequencer::SlotSet& slots) {
  std::uint64_t first = std::numeric_limits<std::uint64_t>::max();
  for (std::size_t slot = 0; slot < slot_count; ++slot)
    if (slots[slot]) first = std::min(first, places[slot]);
  return first;
}

// As sequencer::read_changes() does it: a slot's commands are the shard's own, and those that came
// with it; what came back to where it was decided stands in both tables.
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
  std::vector<Decided> found;
  for (const char* table : {"command", "moved_command"})
    TRY(read_table(connection, table, count_max, first, window.read_to, found));
  std::ranges::sort(found,
                    [](const Decided& a, const Decided& b) { return place_of(a) < place_of(b); });
  const auto twice = std::ranges::unique(
      found, [](const Decided& a, const Decided& b) { return place_of(a) == place_of(b); });
  found.erase(twice.begin(), twice.end());
  for (Decided& command : found)
    if (command.seq <= window.read_to && command.slot < slot_count && window.slots[command.slot] &&
        command.seq > places[command.slot])
      window.commands.push_back(std::move(command));
  window.is_end = window.read_to == to;
  return window;
}

}  // namespace matsuri::analytics
