// The operator's commands. Each gives the exit status, or the error that is printed.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/metrics.h"
#include "base/result.h"
#include "config.h"
#include "node.h"
#include "sql/db.h"

namespace matsuri {

Result<int> run_import(const Config& config, const std::vector<std::string>& files);
Result<int> run_account_role(const Config& config, const std::string& handle,
                             const std::string& role);
// Takes a closure into the data folder; the server that serves it hears of it within a second.
Result<int> run_program_add(const Config& config, const std::string& closure);
// Makes the example game, or what of it is missing, and prints what plays it.
Result<int> run_raid(const Config& config);
Result<int> run_backup(const Config& config, const std::string& to);
Result<int> run_restore(const Config& config, const std::string& from, int node);
Result<int> run_rebuild(const Config& config, const std::string& view);
// Without position and `all`: prints what is in quarantine.
Result<int> run_requeue(const Config& config, const std::string& position, bool all);
Result<int> run_doctor(const Config& config);
// Counts what was decided since the last run, and prints the day (2026-11-26; none where empty).
// `again`: counts everything from the first command on.
Result<int> run_analytics(const Config& config, const std::string& day, bool again);
Result<int> run_shards_show(const Config& config);
// `slots`: "17" or "17-40". Waits while they move; 1 where none of them does for a while.
Result<int> run_shards_move(const Config& config, const std::string& slots, const std::string& to);
Result<int> run_shards_drain(const Config& config, const std::string& from);

// The database of analytics with its tables.
Result<std::unique_ptr<sql::Db>> open_analytics(const Config& config, metrics::Registry* metrics);

// Code::invalid where the folder has no data: a command must not make an empty world where somebody
// mistyped it.
Result<void> need_data(const Config& config);

}  // namespace matsuri
