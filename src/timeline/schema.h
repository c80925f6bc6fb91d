// The tables of the timeline database.
#pragma once

#include <span>

#include "sql/db.h"

namespace matsuri::timeline {

std::span<const sql::Migration> migrations();

}  // namespace matsuri::timeline
