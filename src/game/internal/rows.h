// Writes rows of schemas and keys, inside somebody's transaction: the one place for admins'
// requests and for the operator's command.
#pragma once

#include <cstdint>

#include "base/result.h"
#include "game/directory.h"
#include "game/model.h"
#include "sql/db.h"

namespace matsuri::game {

// Gives the revision that it has from now on. Code::conflict where it may not follow the one that
// is there.
Result<std::uint64_t> write_schema_row(sql::Connection& connection, TitleId title,
                                       const TitleSchema& schema);

// Code::exhausted past title_key_count_max.
Result<void> insert_key(sql::Connection& connection, TitleId title, const KeptKey& kept);

}  // namespace matsuri::game
