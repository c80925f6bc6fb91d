// What mariadb_dump.cc needs of a MariaDB connection beyond a Session, without the client's header.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "sql/internal/session.h"

namespace matsuri::sql::internal {

class MariadbSession : public Session {
 public:
  using TextRow = std::span<const std::optional<std::string_view>>;

  // Runs a SELECT and gives its rows as they come, every value as text, nullopt for NULL: for
  // tables that do not fit into memory. An error of `row` ends it.
  virtual Result<void> stream(const std::string& text,
                              const std::function<Result<void>(TextRow)>& row) = 0;
};

struct MariadbLimits {
  bool makes_schema = true;  // where it is missing; else that is Code::busy
  unsigned answer_s = 60;    // how long a statement may take, but for `maintenance`
};

// Connects to the schema of `options`.
Result<std::unique_ptr<MariadbSession>> connect_mariadb(const DbOptions& options, SessionKind kind,
                                                        const MariadbLimits& limits = {});

// Code::invalid names the setting that is wrong, and the right value.
Result<void> check_mariadb_settings(MariadbSession& session);

// Writes all tables of the schema into a new file, as one consistent snapshot (sql-dump.md).
Result<void> dump_mariadb(MariadbSession& session, const std::string& path);

}  // namespace matsuri::sql::internal
