// What a MariaDB server must be set to, checked at start: our promises rest on it.
#include <array>
#include <charconv>
#include <optional>
#include <string>
#include <string_view>

#include "base/log.h"
#include "sql/internal/mariadb_session.h"

namespace matsuri::sql::internal {

namespace {

struct Setting {
  std::string_view name;
  std::string_view expression;
  std::string_view wanted;
  std::string_view reason;
};

// Both durabilities need them: the settings are the server's, and checkpoint() has no other way.
constexpr std::array settings = {
    Setting{"innodb_flush_log_at_trx_commit", "@@innodb_flush_log_at_trx_commit", "1",
            "a commit has to survive a power cut"},
    Setting{"sync_binlog", "IF(@@log_bin, @@sync_binlog, 1)", "1",
            "a commit that the binary log lacks is undone after a power cut"},
    Setting{"innodb_doublewrite", "@@innodb_doublewrite", "1", "pages must not be torn"},
    Setting{"sql_mode", "IF(FIND_IN_SET('STRICT_TRANS_TABLES', @@sql_mode), 'strict', @@sql_mode)",
            "strict", "values that do not fit must be refused, not cut"},
    Setting{"max_allowed_packet",
            "IF(@@max_allowed_packet >= 16777216, '16 MiB or more', @@max_allowed_packet)",
            "16 MiB or more", "a batch has to fit into one packet"},
    Setting{"character_set_connection", "@@character_set_connection", "utf8mb4", "text is UTF-8"},
    Setting{"collation_database", "@@collation_database", "utf8mb4_nopad_bin",
            "text is compared byte by byte, as on SQLite"},
    Setting{"default_storage_engine", "@@default_storage_engine", "InnoDB",
            "other engines have no transactions"},
};

// Plain SELECT-then-UPDATE loses updates without it. Our own statements carry their preconditions,
// so an older server is good enough where one process writes; a newer one must not have it off.
Result<void> check_isolation(MariadbSession& session) {
  constexpr std::string_view name = "innodb_snapshot_isolation";
  std::optional<std::string> found;
  TRY(session.stream("SHOW VARIABLES LIKE '" + std::string(name) + "'",
                     [&](MariadbSession::TextRow row) -> Result<void> {
                       found = row[1].value_or("NULL");
                       return {};
                     }));
  if (!found) {
    log::warn("sql",
              "the server has no innodb_snapshot_isolation: use MariaDB 10.11.8 or later"
              " where several processes write");
    return {};
  }
  if (*found == "ON") return {};
  return Error(Code::invalid, "setting " + std::string(name) + " is '" + *found +
                                  "', must be 'ON': without it concurrent updates are lost");
}

}  // namespace

Result<void> check_mariadb_settings(MariadbSession& session) {
  const auto value_of = [&](std::string_view expression) -> Result<std::string> {
    std::string value;
    TRY(session.stream("SELECT " + std::string(expression),
                       [&](MariadbSession::TextRow row) -> Result<void> {
                         value = row[0].value_or("NULL");
                         return {};
                       }));
    return value;
  };
  TRY_ASSIGN(const std::string version, value_of("VERSION()"));
  unsigned major = 0;
  unsigned minor = 0;
  const auto read = std::from_chars(version.data(), version.data() + version.size(), major);
  std::from_chars(read.ptr + 1, version.data() + version.size(), minor);
  if (version.find("MariaDB") == std::string::npos || major < 10 || (major == 10 && minor < 11)) {
    return Error(Code::invalid, "the server is " + version + ", must be MariaDB 10.11 or later");
  }
  for (const Setting& setting : settings) {
    TRY_ASSIGN(const std::string found, value_of(setting.expression));
    if (found == setting.wanted) continue;
    return Error(Code::invalid, "setting " + std::string(setting.name) + " is '" + found +
                                    "', must be '" + std::string(setting.wanted) +
                                    "': " + std::string(setting.reason));
  }
  return check_isolation(session);
}

}  // namespace matsuri::sql::internal
