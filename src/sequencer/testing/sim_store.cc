// Keeps the contract of store.h and breaks connections around it.
#include "sequencer/testing/sim_store.h"

#include <cstddef>
#include <utility>

namespace matsuri::sequencer {

namespace {

Committed apply(SimDatabase& database, const Write& write) {
  ShardRow& row = database.row;
  if (!database.no_fencing) {
    if (row.epoch != write.epoch) return Committed::fenced;
    if (row.seq == write.seq_after && write.seq_after != write.seq_before) return Committed::done;
    if (row.seq != write.seq_before) return Committed::fenced;
  }
  row.seq = write.seq_after;
  row.lease_until_ms = write.lease_until_ms;
  for (const auto& [name, entity] : write.entities) database.entities[name] = entity;
  for (const Decided& stored : write.commands) {
    database.commands[stored.command.key] = stored;
    database.order[stored.outcome.seq] = stored.command.key;
  }
  for (const auto& [slot, row_of_slot] : write.slots) database.slots[slot] = row_of_slot;
  return Committed::done;
}

}  // namespace

void SimStore::resolve() {
  const auto pending = std::exchange(database_.in_flight, std::nullopt);
  if (pending && random_() % 2 == 0) (void)apply(database_, *pending);
}

Result<ShardRow> SimStore::row() {
  if (fault()) return Error(Code::busy, "the connection broke");
  return database_.row;
}

Result<ShardRow> SimStore::take(const ShardRow& seen, const std::string& owner,
                                std::int64_t lease_until_ms) {
  if (fault()) return Error(Code::busy, "the connection broke");
  resolve();
  if (database_.row != seen) return Error(Code::conflict, "the row moved");
  ++database_.row.epoch;
  database_.row.owner = owner;
  database_.row.lease_until_ms = lease_until_ms;
  if (fault()) return Error(Code::busy, "the connection broke behind it");
  return database_.row;
}

Result<Slots> SimStore::slots() {
  if (fault()) return Error(Code::busy, "the connection broke");
  return database_.slots;
}

Result<Found> SimStore::load(const Needs& needs) {
  if (fault()) return Error(Code::busy, "the connection broke");
  Found found{.seq = database_.row.seq};
  for (const EntityName& name : needs.entities)
    if (const auto it = database_.entities.find(name); it != database_.entities.end())
      found.entities.emplace_back(*it);
  for (const Key& key : needs.keys) {
    if (key.unix_ms() < database_.first_kept_ms) continue;
    for (const auto* commands : {&database_.commands, &database_.moved})
      if (const auto it = commands->find(key); it != commands->end()) {
        const auto& [command, outcome] = it->second;
        found.commands.push_back({command.key, command.fingerprint, outcome});
      }
  }
  return found;
}

Committed SimStore::commit(const Write& write) {
  resolve();
  if (!fault()) return apply(database_, write);
  switch (random_() % 4) {
    case 0:
      return Committed::failed;
    case 1:
      (void)apply(database_, write);
      return Committed::unknown;
    case 2:
      database_.in_flight = write;
      return Committed::unknown;
    default:
      return Committed::unknown;
  }
}

namespace {

std::uint32_t slot_of_entity(const EntityName& name) { return slot_of(name.title, name.arena); }

bool stands(const SimDatabase& database, const MovePlan& plan, SlotState state) {
  const SlotRow& row = database.slots[plan.slot];
  return row.state == state && row.version == plan.version;
}

}  // namespace

Result<Carried> SimCarrier::carry(const MovePlan& plan, std::uint64_t after_seq) {
  constexpr std::size_t part_count = 5;
  if (fault()) return Error(Code::busy, "the connection broke");
  if (!stands(to_, plan, SlotState::arriving)) return Error(Code::conflict, "does not arrive");
  Carried carried{.seq = from_.row.seq, .all = true};
  std::size_t count = 0;
  if (after_seq == 0 && !leaves_keys)
    for (const auto& [key, decided] : from_.moved)
      if (slot_of_entity(decided.command.entities.front()) == plan.slot) to_.moved[key] = decided;
  for (const auto& [seq, key] : from_.order) {
    const Decided& decided = from_.commands.at(key);
    if (seq <= after_seq || slot_of_entity(decided.command.entities.front()) != plan.slot) continue;
    if (count++ == part_count) {
      carried.all = false;
      break;
    }
    carried.seq = seq;
    if (!leaves_keys) to_.moved[key] = decided;
  }
  if (carried.all) carried.seq = from_.row.seq;
  for (const auto& [name, entity] : from_.entities) {
    if (slot_of_entity(name) != plan.slot) continue;
    Entity& there = to_.entities[name];
    if (entity.version > there.version) there = entity;
  }
  if (fault()) return Error(Code::busy, "the connection broke behind it");
  return carried;
}

Result<void> SimCarrier::clear(const MovePlan& plan) {
  if (fault()) return Error(Code::busy, "the connection broke");
  if (!stands(from_, plan, SlotState::given)) return Error(Code::conflict, "was not given");
  std::erase_if(from_.entities,
                [&](const auto& entry) { return slot_of_entity(entry.first) == plan.slot; });
  return {};
}

}  // namespace matsuri::sequencer
