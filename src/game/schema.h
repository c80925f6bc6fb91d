// The tables of the main database that game owns: schemas and keys of titles.
#pragma once

#include <span>

#include "sql/db.h"

namespace matsuri::game {

// Of the component "game".
std::span<const sql::Migration> migrations();

}  // namespace matsuri::game
