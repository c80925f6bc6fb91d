// Which life of a database a connection sees: a replica's is that of what it copies.
#pragma once

#include <cstdint>

#include "base/result.h"
#include "sql/db.h"

namespace matsuri::stream {

// 0 where the database has none yet. REQUIRES: stream's tables are there.
Result<std::uint64_t> read_incarnation(sql::Connection& connection);

}  // namespace matsuri::stream
