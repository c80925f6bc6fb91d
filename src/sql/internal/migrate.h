// Brings the schema of one component of a database up to date; see Db::migrate().
#pragma once

#include <span>
#include <string_view>

#include "sql/db.h"
#include "sql/internal/session.h"

namespace matsuri::sql::internal {

// The table `schema_version` says how far each component has come. Where DDL can be rolled back a
// version is there whole or not at all. Where it can't (MariaDB), each statement is counted before
// it runs, and a run that was cut short goes on with the last one counted, which then may find its
// work done already.
// REQUIRES: no other writer of this process is in a transaction.
Result<void> migrate(Session& session, std::string_view component,
                     std::span<const Migration> migrations);

}  // namespace matsuri::sql::internal
