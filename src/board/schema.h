// Tables of leaderboards.
#pragma once

#include <span>

#include "sql/db.h"

namespace matsuri::board {

// Component "board" of main: what admins and servers have defined.
std::span<const sql::Migration> definition_migrations();
// Component "board" of the database of boards: what is counted of it. All of it can be made again
// from the definitions and the tables of shards.
std::span<const sql::Migration> migrations();

}  // namespace matsuri::board
