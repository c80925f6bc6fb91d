// Databases that another server follows: MariaDB's replicas, which are read and may be away.
#pragma once

#include <chrono>
#include <memory>

#include "base/result.h"
#include "sql/db.h"

namespace matsuri::sql {

// Opens the schema of `options` on a replica, whether that is there or not: reads are Code::busy
// while it is away, lacks the schema, or takes longer than `answer_max`. Nothing is made or
// checked, and the database keeps no promise of durability. Transactions that write are for what is
// the replica's own (views, indexes), and need a user with READ ONLY ADMIN.
// REQUIRES: options.engine == Engine::mariadb.
std::unique_ptr<Db> open_replica(const DbOptions& options, std::chrono::seconds answer_max);

}  // namespace matsuri::sql
