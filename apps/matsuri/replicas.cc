// Long reads get connections of their own: a shard reads what its commands need on few.
#include "replicas.h"

#include <chrono>
#include <optional>
#include <string_view>
#include <utility>

#include "base/sentence.h"
#include "sql/replica.h"

namespace matsuri {
namespace {

// Who may be told something older need not wait for it: the primary knows, too.
constexpr std::chrono::seconds game_read_max{5};
// A page of a history, on a server that is busy with something else.
constexpr std::chrono::seconds history_read_max{20};
// Of analytics: an hour for one statement.
constexpr std::chrono::seconds long_read_max{3600};

sql::DbOptions on_server(sql::DbOptions database, const sql::DbOptions& server) {
  database.mariadb_socket = server.mariadb_socket;
  database.mariadb_host = server.mariadb_host;
  database.mariadb_port = server.mariadb_port;
  database.mariadb_user = server.mariadb_user;
  database.mariadb_password = server.mariadb_password;
  database.reader_count = server.reader_count;
  return database;
}

ShardDbs open_shards(const Config& config, const std::optional<sql::DbOptions>& server,
                     const std::string& role, std::chrono::seconds answer_max,
                     metrics::Registry* metrics) {
  ShardDbs dbs;
  if (!server) return dbs;
  for (sql::DbOptions options : config.shards) {
    options.name = role + "-" + options.name;
    options.metrics = metrics;
    dbs.push_back(sql::open_replica(on_server(std::move(options), *server), answer_max));
  }
  return dbs;
}

// One server, however it is reached.
Result<std::string> identity_of(sql::Db& db) {
  std::string identity;
  TRY(db.read_and_wait([&](sql::Connection& connection) {
    return connection.query(
        "SELECT variable_value FROM information_schema.global_variables WHERE variable_name IN"
        " ('HOSTNAME', 'PID_FILE', 'PORT', 'SERVER_ID') ORDER BY variable_name",
        {}, [&](const sql::Row& row) { identity.append(row.text(0)).append(" "); });
  }));
  return identity;
}

Result<std::int64_t> number_of(sql::Db& db, std::string_view query) {
  std::int64_t number = 0;
  TRY(db.read_and_wait([&](sql::Connection& connection) -> Result<void> {
    TRY_ASSIGN(const auto found, connection.integer(query));
    number = found.value_or(0);
    return {};
  }));
  return number;
}

// One database of a replica, beside the one that it copies. False where there is no point in
// looking at others.
Result<bool> examine_copy(const sql::DbOptions& database, const sql::DbOptions& server,
                          const std::string& section, bool is_first,
                          std::vector<std::string>& findings) {
  const auto copy = sql::open_replica(on_server(database, server), history_read_max);
  const auto read_only = number_of(*copy,
                                   "SELECT COUNT(*) FROM information_schema.global_variables"
                                   " WHERE variable_name = 'READ_ONLY' AND variable_value = 'ON'");
  if (!read_only.ok()) {
    findings.push_back(sentence(section, ": ", database.name, ": ", read_only.error().message()));
    return true;
  }
  if (is_first) {
    TRY_ASSIGN(const auto written, sql::Db::open(database));
    TRY_ASSIGN(const std::string own, identity_of(*copy));
    TRY_ASSIGN(const std::string of_written, identity_of(*written));
    if (own == of_written) {
      findings.push_back(section + ": is the server that is written, and no replica of it");
      return false;
    }
    if (*read_only == 0)
      findings.push_back(section +
                         ": is not read_only: what is written there is lost, or stops it");
  }
  TRY_ASSIGN(const std::int64_t table_count,
             number_of(*copy,
                       "SELECT COUNT(*) FROM information_schema.tables"
                       " WHERE table_schema = DATABASE() AND table_name = 'schema_version'"));
  if (table_count == 0)
    findings.push_back(sentence(section, ": schema ", database.mariadb_schema, " has no tables"));
  return true;
}

void examine_server(const std::vector<sql::DbOptions>& databases,
                    const std::optional<sql::DbOptions>& server, const std::string& section,
                    std::vector<std::string>& findings) {
  if (!server) return;
  for (std::size_t i = 0; i < databases.size(); ++i) {
    const auto looked = examine_copy(databases[i], *server, section, i == 0, findings);
    if (!looked.ok())
      findings.push_back(
          sentence(section, ": ", databases[i].name, ": ", looked.error().message()));
    else if (!*looked)
      return;
  }
}

}  // namespace

Result<LogReader> open_log_reader(const Config& config, metrics::Registry* metrics) {
  LogReader reader;
  const auto open = [&](sql::DbOptions options) -> Result<sql::Db*> {
    options.name = "log-" + options.name;
    options.metrics = metrics;
    std::unique_ptr<sql::Db> db;
    if (config.log_replica)
      db = sql::open_replica(on_server(std::move(options), *config.log_replica), long_read_max);
    else {
      TRY_ASSIGN(db, sql::Db::open(options));
    }
    return reader.owned.emplace_back(std::move(db)).get();
  };
  TRY_ASSIGN(reader.dbs.main, open(config.main));
  for (const sql::DbOptions& shard : config.shards) {
    TRY_ASSIGN(reader.dbs.shards.emplace_back(), open(shard));
  }
  return reader;
}

ShardDbs open_game_replicas(const Config& config, metrics::Registry* metrics) {
  return open_shards(config, config.game_replica, "replica", game_read_max, metrics);
}

ShardDbs open_log_replicas(const Config& config, metrics::Registry* metrics) {
  return open_shards(config, config.log_replica, "history", history_read_max, metrics);
}

std::vector<std::string> examine_replicas(const Config& config) {
  std::vector<std::string> findings;
  std::vector<sql::DbOptions> databases = config.shards;
  examine_server(databases, config.game_replica, "game.replica", findings);
  databases.push_back(config.main);
  examine_server(databases, config.log_replica, "log_replica", findings);
  return findings;
}

}  // namespace matsuri
