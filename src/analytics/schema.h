// The tables of the database of analytics, and the views that analysts query (docs/analytics.md).
#pragma once

#include <span>

#include "sql/db.h"

namespace matsuri::analytics {

// As component "analytics".
std::span<const sql::Migration> migrations();

}  // namespace matsuri::analytics
