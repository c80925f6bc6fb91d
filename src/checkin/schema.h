// The tables of the checkin database.
#pragma once

#include <cstdint>
#include <span>

#include "base/result.h"
#include "sql/db.h"

namespace matsuri::checkin {

// Component "checkin".
std::span<const sql::Migration> migrations();

// Forgets tickets of programmes to which nobody has come for a week, one turn; gives how many.
Result<std::uint64_t> forget_old_tickets(sql::Connection& connection, std::int64_t now_unix_ms);
// The same of attempts that were counted in a second more than attempt_counts_kept_ms ago.
Result<std::uint64_t> forget_old_attempt_counts(sql::Connection& connection,
                                                std::int64_t now_unix_ms);

}  // namespace matsuri::checkin
