// Where JOINs, analytics and customer support run: never where game state is written.
#pragma once

#include <vector>

#include "sql/db.h"

namespace matsuri::game {

// The log replica of each database, or, where none is configured (one machine, SQLite), a reader's
// snapshot of the database itself, on connections that nobody else waits for. Only SELECTs go
// there, but for the views and indexes that the replica's own role makes.
//
// Each is a database of its own: no statement joins two of them, but on a log replica of MariaDB,
// where all are schemas of one server.
struct LogDbs {
  sql::Db* main = nullptr;       // accounts, titles, trades
  std::vector<sql::Db*> shards;  // in the order of their numbers; command, moved_command, entity
};

}  // namespace matsuri::game
