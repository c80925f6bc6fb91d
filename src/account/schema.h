// The tables of the main database that account owns.
#pragma once

#include <span>

#include "sql/db.h"

namespace matsuri::account {

std::span<const sql::Migration> migrations();

}  // namespace matsuri::account
