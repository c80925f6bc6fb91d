// The reference: what commands mean, written a second time and as plainly as can be. It shares no
// code with decide.cc or shard.cc, computes in 128 bits, and knows neither batches nor caches.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "sequencer/command.h"
#include "sequencer/schema.h"

namespace matsuri::sequencer {

class Model {
 public:
  explicit Model(Schema schema) : schema_(std::move(schema)) {}

  // What becomes of commands that are linked, decided at `now_ms` one behind the other, the first
  // at place `seq` of the order. Gives one outcome each; where the first of them is invalid nothing
  // has happened and no place is taken.
  std::vector<Outcome> run(const std::vector<Command>& linked, std::uint64_t seq,
                           std::int64_t now_ms);

  Entity entity(const EntityName& name) const;
  const std::map<EntityName, Entity>& entities() const { return entities_; }

 private:
  using World = std::map<EntityName, Entity>;
  Outcome decide(const Command& command, World& world, std::int64_t now_ms) const;
  bool holds(const Guard& guard, const Command& command, const World& world,
             std::int64_t now_ms) const;
  bool take(const Step& step, const Command& command, World& world) const;

  Schema schema_;
  World entities_;
};

}  // namespace matsuri::sequencer
