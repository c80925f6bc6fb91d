// Databases that are read beside those that are written: replicas of MariaDB, or the same files.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/metrics.h"
#include "base/result.h"
#include "config.h"
#include "game/log_reader.h"
#include "sql/db.h"

namespace matsuri {

// In the order of the shards' numbers.
using ShardDbs = std::vector<std::unique_ptr<sql::Db>>;

// What long reads are made of (game/log_reader.h).
struct LogReader {
  std::vector<std::unique_ptr<sql::Db>> owned;
  game::LogDbs dbs;
};
// REQUIRES: main and the shards have their tables. A log replica may be away.
Result<LogReader> open_log_reader(const Config& config, metrics::Registry* metrics);

// The shards on the server of [game.replica] or [log_replica], for short reads, whether it is there
// or not; empty where the configuration has none.
ShardDbs open_game_replicas(const Config& config, metrics::Registry* metrics);
ShardDbs open_log_replicas(const Config& config, metrics::Registry* metrics);

// What is wrong with the replicas of the configuration, a line each.
std::vector<std::string> examine_replicas(const Config& config);

}  // namespace matsuri
