// MariaDB as an engine, and a replica of it: connections as to any other server, but nothing that
// makes a schema, and nothing at the start that needs the server to be there.
#include <utility>

#include "sql/internal/mariadb_session.h"

namespace matsuri::sql::internal {

namespace {

class MariadbDriver final : public Driver {
 public:
  explicit MariadbDriver(const DbOptions& options, const MariadbLimits& limits = {})
      : options_(options), limits_(limits) {}

  Result<std::unique_ptr<Session>> connect(SessionKind kind) override {
    TRY_ASSIGN(std::unique_ptr<MariadbSession> session, connect_mariadb(options_, kind, limits_));
    return std::unique_ptr<Session>(std::move(session));
  }

  // Every commit is durable: check_mariadb_settings() saw to that.
  Result<void> checkpoint() override { return {}; }

  Result<void> snapshot_to(const std::string& path) override {
    TRY_ASSIGN(const std::unique_ptr<MariadbSession> session,
               connect_mariadb(options_, SessionKind::maintenance, limits_));
    return within("snapshot to " + path, dump_mariadb(*session, path));
  }

 private:
  DbOptions options_;
  MariadbLimits limits_;
};

}  // namespace

Result<std::unique_ptr<Driver>> open_mariadb(const DbOptions& options) {
  TRY_ASSIGN(const std::unique_ptr<MariadbSession> session,
             connect_mariadb(options, SessionKind::maintenance));
  TRY(check_mariadb_settings(*session));
  return std::unique_ptr<Driver>(std::make_unique<MariadbDriver>(options));
}

std::unique_ptr<Driver> mariadb_replica(const DbOptions& options, std::chrono::seconds answer_max) {
  return std::make_unique<MariadbDriver>(
      options,
      MariadbLimits{.makes_schema = false, .answer_s = static_cast<unsigned>(answer_max.count())});
}

}  // namespace matsuri::sql::internal
