// The decision of one command: a pure function of the command, the entities, the schema and the
// time.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "sequencer/command.h"
#include "sequencer/schema.h"

namespace matsuri::sequencer {

// Is the command well formed, whatever the entities are? Code::invalid says what is wrong.
// Everything below relies on it: indexes are in range, fields are those of their kind, every entity
// is used.
Result<void> check(const Command& command, const Schema& schema);
// The same for all of a chain, and that they belong together: one title and arena, no key twice.
Result<void> check(const Chain& chain, const Schema& schema);

struct Decision {
  // applied, rejected, version_mismatch or invalid; `seq` is not set yet.
  Outcome outcome;
  // Applied: what each of the command's entities is now, by index. Else empty.
  std::vector<Entity> after;
};

// REQUIRES: check(command, schema), before.size() == command.entities.size().
Decision decide(const Command& command, std::span<const Entity> before, const Schema& schema,
                std::int64_t now_ms);

}  // namespace matsuri::sequencer
