// What a run writes: every window of commands is one transaction, which adds the sums and moves the
// places behind them. So a run may die anywhere, and the next one goes on where it was.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "analytics/fold.h"
#include "analytics/read.h"
#include "analytics/zone.h"
#include "base/result.h"
#include "sql/db.h"

namespace matsuri::analytics {

struct NewRun {
  std::string_view asked_by;  // "night", "admin", "command"
  std::int64_t now_ms = 0;
  std::uint64_t world = 0;  // incarnation of main, another one after a restore
  std::string_view zone;
  bool forgets = false;  // counts from the first command again
};

// A run's hold on the database. Of two runs the later one goes on, and the earlier one finds out.
struct Claim {
  std::uint64_t run = 0;
  std::uint64_t rev = 0;
  Places places;
};

// Ends whatever run was going on, and forgets what was counted of another world, or by the days of
// another zone.
Result<Claim> begin_run(sql::Db& db, const NewRun& run);

// How far a run is: places in the orders of all shards, of which there may be more than commands.
struct Advance {
  std::uint64_t done_count = 0;
  std::uint64_t total_count = 0;
  std::uint64_t command_count = 0;  // that were counted
};

// Fills in `sums.entities` with the entities of `commands` as they are known.
Result<void> load_entities(sql::Db& db, const std::vector<Decided>& commands, Sums& sums);

// Adds all of it, or nothing. Code::conflict where another run has begun.
Result<void> add_sums(sql::Db& db, Claim& claim, const Sums& sums, const Zone& zone,
                      const Places& places, const Advance& advance);

struct RunEnd {
  std::string_view state;  // "done", "failed"
  std::string error;       // for people; cut where it is long
  std::int64_t now_ms = 0;
  Advance advance;
  // Of a run that is done: everything that was decided before is counted.
  std::int64_t as_of_ms = 0;
  Day as_of_day = 0;
};
// Code::conflict where another run has begun: that one has ended this one.
Result<void> end_run(sql::Db& db, const Claim& claim, const RunEnd& end);

}  // namespace matsuri::analytics
