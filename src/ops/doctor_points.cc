// Points as the doctor reads them: the ledger in its shard, and the tables of main that show it.
#include <string>

#include "ops/internal/tables.h"
#include "points/check.h"
#include "points/projection.h"

namespace matsuri::ops::internal {
namespace {

Result<void> add_all(const Result<std::vector<std::string>>& lines, const std::string& name,
                     Findings& findings) {
  if (!lines.ok()) return lines.error();
  for (const std::string& line : *lines) findings.add(name + ": " + line);
  return {};
}

}  // namespace

Result<void> read_ledger(sql::Connection& connection, const std::string& name, Findings& findings) {
  return add_all(points::examine_shard(connection, finding_count_max), name, findings);
}

Result<void> read_points(sql::Connection& connection, const std::string& name, Findings& findings) {
  TRY_ASSIGN(
      const auto tables,
      connection.integer(connection.engine() == sql::Engine::sqlite
                             ? "SELECT COUNT(*) FROM sqlite_master WHERE name = 'points_place'"
                             : "SELECT COUNT(*) FROM information_schema.tables WHERE "
                               "table_schema = DATABASE() AND table_name = 'points_place'"));
  if (tables.value_or(0) == 0) return {};  // the next start makes them
  return add_all(points::examine_projection(connection, finding_count_max), name, findings);
}

}  // namespace matsuri::ops::internal
