// Checks that everything which is kept belongs together, and changes nothing.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "io/file.h"
#include "sql/db.h"

namespace matsuri::ops {

struct DoctorOptions {
  std::string data;
  sql::DbOptions main;
  sql::DbOptions timeline;
  // Further databases of views: each before those whose facts it reads. One that is not there yet
  // is none of the doctor's business: the next start makes it.
  std::vector<sql::DbOptions> others = {};
  // Of game state; each before main, whose schemas its rows are read by.
  std::vector<sql::DbOptions> shards = {};
  std::optional<sql::DbOptions> board = {};  // of leaderboards
  // What was counted of the commands of games.
  std::optional<sql::DbOptions> analytics = {};
  io::FileSystem* files = &io::posix_files();
};

// What was found wrong, a line each, at most finding_count_max; and how much was looked at.
struct Diagnosis {
  std::vector<std::string> findings;
  std::uint64_t record_count = 0;
  std::uint64_t post_count = 0;
  std::uint64_t account_count = 0;
};
inline constexpr std::size_t finding_count_max = 1000;

// Reads journals and databases through: every checksum, every position against the end of its
// origin, every record against the one effect that it must have had (a post, a refusal, a place in
// quarantine), every fact against the rows that it tells of, every reference between tables.
//
// Of shards of game state: that the order has one command at each place up to the shard's (as long
// as no slot has moved), and that rows are in the slot of their arena. Of points: that the postings
// of each command are 0 in all, and that every balance is what was posted, there and in main.
//
// Of check-ins: that those which are granted are in the ledger, and no others that are final; and
// that none is of the future, as those of a closure are whose clock is wrong.
//
// Of leaderboards: that entries are made of all their parts.
//
// Of further databases: the engine's own check, facts without gaps, quarantine, dead jobs,
// positions against the ends of their origins, and what must add up in their tables.
//
// Of analytics: the engine's own check, and what must add up in its tables.
//
// Also beside a running server: each database is read at one moment, the timeline's before main's,
// and records count up to the positions of that moment. Needs 8 bytes of memory for each id,
// and more for each purse and grant of points.
//
// An error says that the doctor could not look; what it saw and did not like are findings.
Result<Diagnosis> examine(const DoctorOptions& options);

}  // namespace matsuri::ops
