// A database that fails as databases do, in one thread and by a seed.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <random>

#include "sequencer/move.h"
#include "sequencer/store.h"

namespace matsuri::sequencer {

// What is durable, shared by the stores of all who think that they own the shard.
struct SimDatabase {
  ShardRow row;
  std::map<EntityName, Entity> entities;
  std::map<Key, Decided> commands;
  std::map<std::uint64_t, Key> order;
  Slots slots = first_slots(0, 1);
  std::map<Key, Decided> moved;  // commands that came with their slots
  // Days were dropped: nobody finds a command whose key is of before. Audits do.
  std::int64_t first_kept_ms = 0;
  // A commit whose connection broke: it holds the row's lock, and lands or vanishes before anybody
  // else writes the row. Whoever only reads does not see it.
  std::optional<Write> in_flight;

  // Planted bug: writes do not look at the row.
  bool no_fencing = false;
};

// One connection to it. `fault_percent` of its calls fail: before or after they took effect.
class SimStore final : public Store {
 public:
  SimStore(SimDatabase& database, std::mt19937_64& random, unsigned fault_percent)
      : database_(database), random_(random), fault_percent_(fault_percent) {}

  Result<ShardRow> row() override;
  Result<ShardRow> take(const ShardRow& seen, const std::string& owner,
                        std::int64_t lease_until_ms) override;
  Result<Slots> slots() override;
  Result<Found> load(const Needs& needs) override;
  Committed commit(const Write& write) override;

  void heal() { fault_percent_ = 0; }

 private:
  bool fault() { return random_() % 100 < fault_percent_; }
  void resolve();

  SimDatabase& database_;
  std::mt19937_64& random_;
  unsigned fault_percent_;
};

// Copies between two of them, a few rows at a time; its connections break as well.
class SimCarrier final : public Carrier {
 public:
  SimCarrier(SimDatabase& from, SimDatabase& to, std::mt19937_64& random, unsigned fault_percent)
      : from_(from), to_(to), random_(random), fault_percent_(fault_percent) {}

  Result<Carried> carry(const MovePlan& plan, std::uint64_t after_seq) override;
  Result<void> clear(const MovePlan& plan) override;

  // Planted bug: the keys of a slot stay where they are.
  bool leaves_keys = false;

 private:
  bool fault() { return random_() % 100 < fault_percent_; }

  SimDatabase& from_;
  SimDatabase& to_;
  std::mt19937_64& random_;
  unsigned fault_percent_;
};

}  // namespace matsuri::sequencer
