// The tables of the main database that community owns.
#pragma once

#include <span>

#include "sql/db.h"

namespace matsuri::community {

// Of the component "community". Run after account's.
std::span<const sql::Migration> migrations();

}  // namespace matsuri::community
