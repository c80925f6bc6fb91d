// The tables of the notification database.
#pragma once

#include <span>

#include "sql/db.h"

namespace matsuri::notification {

// Component "notification"; people::migrations() belong into the same database.
std::span<const sql::Migration> migrations();

}  // namespace matsuri::notification
