// Keeps the contract of store.h and breaks connections around it.
#include "sequencer/testing/sim_store.h"

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

Result<Found> SimStore::load(const Needs& needs) {
  if (fault()) return Error(Code::busy, "the connection broke");
  Found found{.seq = database_.row.seq};
  for (const EntityName& name : needs.entities)
    if (const auto it = database_.entities.find(name); it != database_.entities.end())
      found.entities.emplace_back(*it);
  for (const Key& key : needs.keys)
    if (const auto it = database_.commands.find(key); it != database_.commands.end()) {
      const auto& [command, outcome] = it->second;
      found.commands.push_back({command.key, command.fingerprint, outcome});
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

}  // namespace matsuri::sequencer
