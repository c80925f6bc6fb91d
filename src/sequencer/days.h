// Commands go by whole days, when the operator says how many days they are kept (`game.keep_days`).
// A command's day is that of its key, so a day is gone only when none of its keys could be used.
//
// On MariaDB the table `command` is divided by days, and a day is a partition: to drop it costs the
// same however much is in it. On SQLite, and of `moved_command`, rows are deleted a few at a time.
// Before anything goes, the shard says up to which place its commands may be gone: whoever reads on
// from a place before that is told so (history.h).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/metrics.h"
#include "base/result.h"
#include "model/ids.h"
#include "sequencer/command.h"
#include "sql/db.h"

namespace matsuri::sequencer {

// The title whose commands are kept for ever, in a table of their own: the ledger of points, whose
// balances are what its commands add up to. Stored; the catalogue makes no such id.
inline constexpr TitleId kept_title{1};

// Keys are taken for seven days, so one that comes on the last of them is still known; one day more
// is for clocks that differ.
inline constexpr std::uint32_t keep_days_min = 8;
// A reader looks into each partition.
inline constexpr std::uint32_t keep_days_max = 400;

// Days since 1970, in UTC.
std::int64_t day_of(std::int64_t unix_ms);

// What a pass leaves alone: the days from this one on. They are `keep_days` whole ones and today's,
// and more where some have commands that were decided behind `read_to_ms`.
std::int64_t first_kept_day(std::uint32_t keep_days, std::int64_t now_ms, std::int64_t read_to_ms);

// The statements that give `command` partitions for the days from `first` to `last`, each named by
// its day, where it has `names` now (none: it is not divided). Keys of other days have a place too:
// those before in the first partition, those behind in the last, `rest`. None where all are there.
std::optional<std::string> divide_statement(const std::vector<std::string>& names,
                                            std::int64_t first, std::int64_t last);
// The partitions that have no key of `first` or behind.
std::vector<std::string> names_before(const std::vector<std::string>& names, std::int64_t first);

struct DaysOptions {
  std::uint32_t keep_days = keep_days_min;
  metrics::Registry* metrics = nullptr;
  std::uint32_t shard_number = 0;  // a label
};

// Drops days of one shard. One thread at a time; waits for the database.
class Days {
 public:
  // REQUIRES: the tables are there, and `db` outlives it. On MariaDB divides the table where it is
  // not: that copies it, once, and nothing can be written meanwhile.
  static Result<std::unique_ptr<Days>> open(sql::Db& db, const DaysOptions& options,
                                            std::int64_t now_ms);

  // Makes room for days to come, and drops those before first_kept_day(), as the owner with that
  // epoch; nothing where it has done so for the same days. What it did not come to is done by the
  // next pass. Code::conflict where there is another
  // owner, Code::busy where a reader holds the table for more than a second.
  Result<void> pass(std::uint64_t epoch, std::int64_t now_ms, std::int64_t read_to_ms,
                    const std::stop_token& stop = {});

 private:
  Days(sql::Db& db, const DaysOptions& options,
       std::unique_ptr<sql::DedicatedConnection> connection);

  Result<std::vector<std::string>> read_names();
  Result<void> divide(const std::vector<std::string>& names, std::int64_t today);
  Result<void> alter(const std::string& statement, std::uint32_t wait_s);
  Result<void> drop_partition(const std::string& name, std::uint64_t epoch);
  Result<void> delete_rows(std::string_view table, std::uint64_t epoch, std::int64_t first,
                           const std::stop_token& stop);
  // One transaction of the owner with that epoch.
  template <class Body>
  Result<void> as_owner(std::uint64_t epoch, const Body& body);

  sql::Db& db_;
  const DaysOptions options_;
  std::unique_ptr<sql::DedicatedConnection> connection_;
  std::pair<std::int64_t, std::int64_t> passed_;  // first day that is kept, and today
  metrics::Counter* bytes_ = nullptr;
  metrics::Gauge* first_day_ = nullptr;
};

}  // namespace matsuri::sequencer
