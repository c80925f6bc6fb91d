// One run: reads on the log replica what was decided since the last one, and adds it up.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string_view>

#include "analytics/store.h"
#include "analytics/zone.h"
#include "base/metrics.h"
#include "base/result.h"
#include "game/log_reader.h"
#include "io/clock.h"
#include "sql/db.h"

namespace matsuri::analytics {

struct RunOptions {
  const Zone* zone = nullptr;
  std::string_view asked_by;        // "night", "admin", "command"
  bool forgets = false;             // counts from the first command again
  std::size_t window_count = 2048;  // commands of one transaction
  // Called after every window; false ends the run, which counts as interrupted.
  std::function<bool(const Advance&)> on_advance = [](const Advance&) { return true; };
  metrics::Counter* commands = nullptr;
  // Up to when the replica has everything; none: up to now. 0: nobody knows.
  std::function<std::int64_t()> as_of_ms = {};
};

// Counts all commands that the replica has when it begins, of all titles. Memory is bounded by a
// window. May be killed anywhere: the next run goes on with the window after the last whole one.
//
// Code::conflict where another run took over, Code::busy where arenas move between shards so often
// that not all could be read, or the run was ended by `on_advance`: the next one goes on.
// REQUIRES: `own` has the tables of migrations(), and those of `log` are there.
Result<Advance> run(const game::LogDbs& log, sql::Db& own, io::Clock& clock,
                    const RunOptions& options);

}  // namespace matsuri::analytics
