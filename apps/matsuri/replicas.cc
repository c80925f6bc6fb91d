// Long reads get connections of their own: a shard reads what its commands need on few.
#include "replicas.h"

#include <utility>

namespace matsuri {

Result<LogReader> open_log_reader(const Config& config, metrics::Registry* metrics) {
  LogReader reader;
  const auto open = [&](sql::DbOptions options) -> Result<sql::Db*> {
    options.name = "log-" + options.name;
    options.metrics = metrics;
    TRY_ASSIGN(auto db, sql::Db::open(options));
    return reader.owned.emplace_back(std::move(db)).get();
  };
  TRY_ASSIGN(reader.dbs.main, open(config.main));
  for (const sql::DbOptions& shard : config.shards) {
    TRY_ASSIGN(reader.dbs.shards.emplace_back(), open(shard));
  }
  return reader;
}

}  // namespace matsuri
