// The tables that every database with a copy of people has.
#pragma once

#include <span>

#include "sql/db.h"

namespace matsuri::people {

// Component "people".
std::span<const sql::Migration> migrations();

}  // namespace matsuri::people
