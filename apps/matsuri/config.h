// What an operator may set, from a TOML file and the command line. Everything has a default:
// without a file, `matsuri serve` runs every role on embedded storage.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "analytics/zone.h"
#include "base/log.h"
#include "base/result.h"
#include "http/server.h"
#include "model/ids.h"
#include "sql/db.h"

namespace matsuri {

struct Config {
  std::string data = "data";
  std::string host = "127.0.0.1";
  std::uint16_t port = 8080;
  Region region{0};
  matsuri::Node node{1};
  log::Level log_level = log::Level::info;
  log::Format log_format = log::Format::text;
  std::size_t thread_count = 0;  // I/O threads; 0: one a core
  bool behind_tls = false;
  bool tls_self_signed = false;  // host and port speak TLS themselves, for a trial
  std::vector<std::string> trusted_proxies;
  std::uint64_t journal_segment_size = std::uint64_t{64} << 20;
  std::uint64_t journal_keep_size = std::uint64_t{1} << 30;  // applied segments kept for rebuilds
  sql::DbOptions main;
  sql::DbOptions timeline;
  sql::DbOptions empathy;
  sql::DbOptions notification;
  sql::DbOptions checkin;
  sql::DbOptions grants;     // what is due to be granted, until the ledger has answered
  sql::DbOptions analytics;  // no part of a backup: made again from the commands of games
  std::vector<sql::DbOptions> shards = {{}};  // of game state, in the order of their numbers
  std::uint32_t game_keep_days = 0;           // of its commands; 0: for ever
  // Servers of MariaDB that carry the same schemas: of shards, for reads that may be older; of
  // shards and main, for histories and analytics. Only the server counts in each.
  std::optional<sql::DbOptions> game_replica;
  std::optional<sql::DbOptions> log_replica;
  std::string log_views = "matsuri_views";  // the schema there that views of kinds are made in
  // Leaderboards: no part of a backup, because all of it can be made again.
  sql::DbOptions board = {.durability = sql::Durability::normal};
  // Folders of closures: journals of those that are servers, inboxes of those that are CGI.
  std::vector<std::string> checkin_journals;
  std::vector<std::string> checkin_inboxes;
  http::ServerOptions limits;                 // only its rate limits are read
  analytics::Zone analytics_zone;             // by whose days is counted
  std::optional<int> analytics_minute = 210;  // of the day; none: only when somebody asks
};

// Code::invalid with line and column for what is no TOML, and for a key or value that is not known.
// An empty path gives the defaults.
Result<Config> read_config(const std::string& path);

// "HOST:PORT" or "[v6]:PORT" into host and port.
Result<void> set_listen(Config& config, std::string_view listen);

// Fills in what follows from the data folder: where the databases are.
void set_data(Config& config, const std::string& folder);

// All databases, in the order of a backup: whose rows rest on another's comes before the other.
std::vector<sql::DbOptions> all_databases(const Config& config);

}  // namespace matsuri
