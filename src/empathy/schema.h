// The tables of the empathy database.
#pragma once

#include <span>

#include "sql/db.h"

namespace matsuri::empathy {

// Component "empathy"; people::migrations() belong into the same database.
std::span<const sql::Migration> migrations();

}  // namespace matsuri::empathy
