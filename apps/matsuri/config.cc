#include "config.h"

#include <toml++/toml.h>
#include <algorithm>
#include <set>
#include <sstream>
#include <utility>

#include "base/sentence.h"
#include "databases.h"
#include "game/places.h"
#include "sequencer/days.h"

namespace matsuri {
namespace {

constexpr std::string_view board_database_name = "board";

// Reads the keys of one table, and complains of those that nobody asked for.
class Section {
 public:
  Section(const toml::table* table, std::string name) : table_(table), name_(std::move(name)) {}

  template <class T>
  Result<void> read(std::string_view key, T& target) {
    known_.emplace(key);
    if (table_ == nullptr) return {};
    const toml::node* const node = table_->get(key);
    if (node == nullptr) return {};
    if constexpr (std::is_same_v<T, std::vector<std::string>>) {
      const toml::array* const array = node->as_array();
      if (array == nullptr) return wrong(*node, key, "a list of strings");
      for (const toml::node& item : *array) {
        const auto text = item.value_exact<std::string>();
        if (!text) return wrong(item, key, "a list of strings");
        target.push_back(*text);
      }
    } else if constexpr (std::is_same_v<T, std::string>) {
      const auto value = node->value_exact<std::string>();
      if (!value) return wrong(*node, key, "a string");
      target = *value;
    } else if constexpr (std::is_same_v<T, bool>) {
      const auto value = node->value_exact<bool>();
      if (!value) return wrong(*node, key, "true or false");
      target = *value;
    } else if constexpr (std::is_same_v<T, double>) {
      const auto value = node->value<double>();
      if (!value || *value <= 0) return wrong(*node, key, "a number above 0");
      target = *value;
    } else {
      const auto value = node->value_exact<std::int64_t>();
      if (!value || *value < 0 || !std::in_range<T>(*value))
        return wrong(*node, key,
                     "a whole number from 0 to " + std::to_string(std::numeric_limits<T>::max()));
      target = static_cast<T>(*value);
    }
    return {};
  }

  Section section(std::string_view key) {
    known_.emplace(key);
    if (table_ != nullptr && table_->contains(key)) sections_.emplace(key);
    const toml::table* const inner = table_ == nullptr ? nullptr : (*table_)[key].as_table();
    return {inner, name_.empty() ? std::string(key) : name_ + '.' + std::string(key)};
  }

  bool is_there() const { return table_ != nullptr; }
  const std::string& name() const { return name_; }

  Result<void> refuse_unknown() const {
    if (table_ == nullptr) return {};
    for (const auto& [key, node] : *table_)
      if (!known_.contains(key.str()))
        return Error(Code::invalid, place(node) + ": " + path(key.str()) + " is not known");
      else if (sections_.contains(key.str()) && !node.is_table())
        return wrong(node, key.str(), "a table");
    return {};
  }

 private:
  std::string path(std::string_view key) const {
    return name_.empty() ? std::string(key) : name_ + '.' + std::string(key);
  }
  static std::string place(const toml::node& node) {
    const auto& begin = node.source().begin;
    return "line " + std::to_string(begin.line) + ", column " + std::to_string(begin.column);
  }
  Error wrong(const toml::node& node, std::string_view key, const std::string& expected) const {
    return {Code::invalid, place(node) + ": " + path(key) + ": expected " + expected};
  }

  const toml::table* table_;
  std::string name_;
  std::set<std::string, std::less<>> known_;
  std::set<std::string, std::less<>> sections_;
};

// Where a MariaDB server is, and who we are there.
Result<void> read_server(Section& section, sql::DbOptions& options) {
  TRY(section.read("socket", options.mariadb_socket));
  TRY(section.read("host", options.mariadb_host));
  TRY(section.read("port", options.mariadb_port));
  TRY(section.read("user", options.mariadb_user));
  return section.read("password", options.mariadb_password);
}

Result<void> read_database(Section section, sql::DbOptions& options) {
  std::string engine = "sqlite";
  std::string durability = options.durability == sql::Durability::full ? "full" : "normal";
  TRY(section.read("engine", engine));
  TRY(section.read("durability", durability));
  TRY(section.read("readers", options.reader_count));
  TRY(read_server(section, options));
  TRY(section.read("schema", options.mariadb_schema));
  TRY(section.refuse_unknown());
  if (engine == "sqlite")
    options.engine = sql::Engine::sqlite;
  else if (engine == "mariadb")
    options.engine = sql::Engine::mariadb;
  else
    return Error(Code::invalid, "database engine: \"sqlite\" or \"mariadb\" is taken");
  if (durability == "full")
    options.durability = sql::Durability::full;
  else if (durability == "normal")
    options.durability = sql::Durability::normal;
  else
    return Error(Code::invalid, "database durability: \"full\" or \"normal\" is taken");
  return {};
}

// A server that follows another one; nullopt where the section is not there.
Result<void> read_replica(Section section, std::optional<sql::DbOptions>& replica) {
  sql::DbOptions options{.engine = sql::Engine::mariadb};
  TRY(section.read("readers", options.reader_count));
  TRY(read_server(section, options));
  TRY(section.refuse_unknown());
  if (!section.is_there()) return {};
  if (options.mariadb_socket.empty() && options.mariadb_host.empty())
    return Error(Code::invalid, section.name() + ": socket, or host and port, are missing");
  replica = std::move(options);
  return {};
}

// The shards of game state. They are of full durability: what was answered is kept.
Result<void> read_game(Section section, Config& config) {
  std::string engine = "sqlite";
  std::size_t shard_count = 0;
  std::vector<std::string> schemas;
  sql::DbOptions options;
  TRY(section.read("engine", engine));
  TRY(section.read("shards", shard_count));
  TRY(section.read("schemas", schemas));
  TRY(section.read("keep_days", config.game_keep_days));
  TRY(section.read("readers", options.reader_count));
  TRY(read_server(section, options));
  TRY(read_replica(section.section("replica"), config.game_replica));
  TRY(section.refuse_unknown());
  if (engine != "sqlite" && engine != "mariadb")
    return Error(Code::invalid, "game.engine: \"sqlite\" or \"mariadb\" is taken");
  options.engine = engine == "sqlite" ? sql::Engine::sqlite : sql::Engine::mariadb;
  if (config.game_keep_days != 0 && (config.game_keep_days < sequencer::keep_days_min ||
                                     config.game_keep_days > sequencer::keep_days_max))
    return Error(Code::invalid, sentence("game.keep_days: 0 or ", sequencer::keep_days_min, " to ",
                                         sequencer::keep_days_max, " is taken"));
  const bool is_sqlite = options.engine == sql::Engine::sqlite;
  if (is_sqlite ? !schemas.empty() : shard_count != 0)
    return Error(Code::invalid, "game: shards is for sqlite, schemas is for mariadb");
  if (!is_sqlite) shard_count = schemas.size();
  if (is_sqlite && shard_count == 0) shard_count = 1;
  if (shard_count < 1 || shard_count > game::shard_count_max)
    return Error(Code::invalid, "game.shards, or the number of game.schemas: 1 to 64 is taken");
  config.shards.assign(shard_count, options);
  for (std::size_t i = 0; i < schemas.size(); ++i) config.shards[i].mariadb_schema = schemas[i];
  if (is_sqlite && config.game_replica)
    return Error(Code::invalid, "game.replica: game has to lie on mariadb");
  return {};
}

// Main's database and the shards' have been read.
Result<void> read_log_replica(Section section, Config& config) {
  TRY(section.read("views", config.log_views));
  TRY(read_replica(section, config.log_replica));
  const auto is_of_name = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  };
  if (config.log_views.empty() || config.log_views.size() > 64 ||
      !std::ranges::all_of(config.log_views, is_of_name))
    return Error(Code::invalid, "log_replica.views: 1 to 64 letters, digits and underscores");
  if (config.log_replica && (config.shards.front().engine != sql::Engine::mariadb ||
                             config.main.engine != sql::Engine::mariadb))
    return Error(Code::invalid, "log_replica: game and database.main have to lie on mariadb");
  return {};
}

// The zone first: it is asked of the C library while there are no threads yet.
Result<void> read_analytics(Section section, Config& config) {
  std::string at = "03:30", zone = "UTC";
  TRY(section.read("at", at));
  TRY(section.read("zone", zone));
  TRY(section.refuse_unknown());
  TRY_ASSIGN(config.analytics_zone, within("analytics.zone", analytics::Zone::open(zone)));
  config.analytics_minute = analytics::parse_minute_of_day(at);
  if (!config.analytics_minute && !at.empty())
    return Error(Code::invalid,
                 "analytics.at: a time of day like \"03:30\" is taken, or \"\" for never");
  return {};
}

Result<void> read_limit(Section section, http::RateLimit& limit) {
  TRY(section.read("per_minute", limit.per_minute));
  TRY(section.read("burst", limit.burst));
  return section.refuse_unknown();
}

Result<void> read_limits(Section section, http::ServerOptions& limits) {
  TRY(read_limit(section.section("account_read"), limits.account_read));
  TRY(read_limit(section.section("account_write"), limits.account_write));
  TRY(read_limit(section.section("account_sign_in"), limits.account_sign_in));
  TRY(read_limit(section.section("account_picture"), limits.account_picture));
  TRY(read_limit(section.section("account_game"), limits.account_game));
  TRY(read_limit(section.section("address_read"), limits.address_read));
  TRY(read_limit(section.section("address_write"), limits.address_write));
  TRY(read_limit(section.section("address_sign_in"), limits.address_sign_in));
  TRY(read_limit(section.section("address_picture"), limits.address_picture));
  TRY(read_limit(section.section("address_game"), limits.address_game));
  return section.refuse_unknown();
}

Result<void> read_log(Section section, Config& config) {
  std::string level = "info", format = "text";
  TRY(section.read("level", level));
  TRY(section.read("format", format));
  TRY(section.refuse_unknown());
  if (level == "debug")
    config.log_level = log::Level::debug;
  else if (level == "info")
    config.log_level = log::Level::info;
  else if (level == "warn")
    config.log_level = log::Level::warn;
  else if (level == "error")
    config.log_level = log::Level::error;
  else
    return Error(Code::invalid, "log.level: debug, info, warn or error is taken");
  if (format == "text")
    config.log_format = log::Format::text;
  else if (format == "json")
    config.log_format = log::Format::json;
  else
    return Error(Code::invalid, "log.format: text or json is taken");
  return {};
}

Result<Config> from_table(const toml::table& table) {
  Config config;
  Section root(&table, "");
  std::string listen;
  std::uint8_t region = 0, node = 1;
  TRY(root.read("data", config.data));
  TRY(root.read("listen", listen));
  TRY(root.read("region", region));
  TRY(root.read("node", node));
  TRY(root.read("threads", config.thread_count));
  TRY(root.read("behind_tls", config.behind_tls));
  TRY(root.read("trusted_proxies", config.trusted_proxies));
  if (region > 7) return Error(Code::invalid, "region: 0 to 7 is taken");
  if (node > 254) return Error(Code::invalid, "node: 0 to 254 is taken; 255 is the import's");
  config.region = Region{region};
  config.node = matsuri::Node{node};
  if (!listen.empty()) TRY(set_listen(config, listen));
  TRY(read_log(root.section("log"), config));

  Section journal = root.section("journal");
  TRY(journal.read("segment_bytes", config.journal_segment_size));
  TRY(journal.read("keep_bytes", config.journal_keep_size));
  TRY(journal.refuse_unknown());
  if (config.journal_segment_size < (8U << 20) || config.journal_segment_size > (1U << 30))
    return Error(Code::invalid, "journal.segment_bytes: 8388608 to 1073741824 is taken");

  Section database = root.section("database");
  for (const DatabaseKind& kind : database_kinds())
    TRY(read_database(database.section(kind.name), config.*kind.options));
  TRY(read_database(database.section(board_database_name), config.board));
  TRY(read_database(database.section("analytics"), config.analytics));
  TRY(database.refuse_unknown());
  TRY(read_game(root.section("game"), config));
  TRY(read_log_replica(root.section("log_replica"), config));
  TRY(read_analytics(root.section("analytics"), config));
  Section checkin = root.section("checkin");
  TRY(checkin.read("journals", config.checkin_journals));
  TRY(checkin.read("inboxes", config.checkin_inboxes));
  TRY(checkin.refuse_unknown());
  TRY(read_limits(root.section("limits"), config.limits));
  TRY(root.refuse_unknown());
  return config;
}

}  // namespace

Result<Config> read_config(const std::string& path) {
  toml::table table;
  if (!path.empty()) {
    // toml++ throws: the one place where its errors become ours.
    try {
      table = toml::parse_file(path);
    } catch (const toml::parse_error& error) {
      std::ostringstream place;
      place << path << ": line " << error.source().begin.line << ", column "
            << error.source().begin.column << ": " << error.description();
      return Error(Code::invalid, place.str());
    }
  }
  return within(path, from_table(table));
}

Result<void> set_listen(Config& config, std::string_view listen) {
  TRY_ASSIGN(http::Address address, http::parse_address(listen));
  config.host = std::move(address.host);
  config.port = address.port;
  return {};
}

void set_data(Config& config, const std::string& folder) {
  config.data = folder;
  const auto name = [&](sql::DbOptions& options, std::string_view of) {
    options.name = of;
    options.sqlite_path = folder + "/db/" + options.name + ".sqlite";
    if (options.mariadb_schema.empty()) options.mariadb_schema = "matsuri_" + options.name;
  };
  for (const DatabaseKind& kind : database_kinds()) name(config.*kind.options, kind.name);
  name(config.board, board_database_name);
  name(config.analytics, "analytics");
  for (std::size_t i = 0; i < config.shards.size(); ++i) {
    sql::DbOptions& options = config.shards[i];
    options.name = "game-" + std::to_string(i);
    options.sqlite_path = folder + "/db/" + options.name + ".sqlite";
  }
}

// Main's schemas are what the rows of shards are read by.
std::vector<sql::DbOptions> all_databases(const Config& config) {
  std::vector<sql::DbOptions> all = config.shards;
  for (const DatabaseKind& kind : database_kinds()) all.push_back(config.*kind.options);
  return all;
}

}  // namespace matsuri
