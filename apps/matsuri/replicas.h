// Databases that are read beside those that are written (game/log_reader.h).
#pragma once

#include <memory>
#include <vector>

#include "base/metrics.h"
#include "base/result.h"
#include "config.h"
#include "game/log_reader.h"
#include "sql/db.h"

namespace matsuri {

struct LogReader {
  std::vector<std::unique_ptr<sql::Db>> owned;
  game::LogDbs dbs;
};

// REQUIRES: main and the shards have their tables.
Result<LogReader> open_log_reader(const Config& config, metrics::Registry* metrics);

}  // namespace matsuri
