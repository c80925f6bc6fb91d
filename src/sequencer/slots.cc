// Nothing here knows of time, threads or databases: these few rules are what makes it impossible
// that two shards accept the same slot.
#include "sequencer/slots.h"

#include <charconv>

#include "base/bytes.h"
#include "base/crc32c.h"
#include "base/sentence.h"

namespace matsuri::sequencer {

std::uint32_t slot_of(TitleId title, std::string_view arena) {
  char prefix[24];
  char* const end = std::to_chars(prefix, prefix + sizeof prefix - 1, title.value).ptr;
  *end = '/';
  const std::string_view bytes(prefix, static_cast<std::size_t>(end + 1 - prefix));
  return crc32c(as_bytes(arena), crc32c(as_bytes(bytes))) % slot_count;
}

Slots first_slots(std::uint32_t shard, std::uint32_t shard_count) {
  Slots slots(slot_count);
  for (std::uint32_t slot = 0; slot < slot_count; ++slot)
    if (slot * std::uint64_t{shard_count} / slot_count == shard)
      slots[slot] = {.state = SlotState::owned, .version = 1};
  return slots;
}

Result<void> check_change(const SlotRow& now, const SlotRow& next) {
  if (now == next) return {};
  const bool may = [&] {
    switch (next.state) {
      case SlotState::given:
        return now.state == SlotState::owned && next.version == now.version + 1;
      case SlotState::owned:
        return now.state == SlotState::arriving && next.version == now.version &&
               next.peer == now.peer;
      case SlotState::arriving:
        return now.state != SlotState::owned && next.version > now.version;
      case SlotState::none:
        break;
    }
    return false;
  }();
  if (may) return {};
  return Error(Code::conflict,
               sentence("the slot's row is of version ", now.version, " and state ",
                        static_cast<int>(now.state), ", which state ", static_cast<int>(next.state),
                        " of version ", next.version, " does not follow"));
}

std::vector<std::uint32_t> map_of(std::span<const Slots> shards) {
  std::vector<std::uint32_t> map(slot_count);
  for (std::uint32_t slot = 0; slot < slot_count; ++slot) {
    std::uint64_t version = 0;
    for (std::uint32_t shard = 0; shard < shards.size(); ++shard) {
      const SlotRow& row = shards[shard][slot];
      if (row.version <= version) continue;
      if (row.state == SlotState::owned) map[slot] = shard;
      if (row.state == SlotState::given) map[slot] = row.peer;
      if (row.state == SlotState::owned || row.state == SlotState::given) version = row.version;
    }
  }
  return map;
}

std::optional<MovePlan> plan_of(std::span<const Slots> shards, std::uint32_t slot,
                                std::uint32_t to) {
  const std::uint32_t from = map_of(shards)[slot];
  if (from >= shards.size() || from == to) return std::nullopt;
  const SlotRow& row = shards[from][slot];
  if (row.state != SlotState::owned) return std::nullopt;
  return MovePlan{.slot = slot, .from = from, .to = to, .version = row.version + 1};
}

std::vector<MovePlan> unfinished(std::span<const Slots> shards) {
  std::vector<MovePlan> plans;
  for (std::uint32_t slot = 0; slot < slot_count; ++slot)
    for (std::uint32_t shard = 0; shard < shards.size(); ++shard) {
      const SlotRow& row = shards[shard][slot];
      if (row.state != SlotState::given || row.peer >= shards.size()) continue;
      const SlotRow& there = shards[row.peer][slot];
      if (there.state == SlotState::arriving && there.version == row.version && there.peer == shard)
        plans.push_back({.slot = slot, .from = shard, .to = row.peer, .version = row.version});
    }
  return plans;
}

}  // namespace matsuri::sequencer
