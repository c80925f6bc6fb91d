// Reads of main's table of definitions, inside somebody's transaction.
#pragma once

#include <cstdint>
#include <vector>

#include "base/result.h"
#include "board/model.h"
#include "sql/db.h"

namespace matsuri::board {

// All boards of all titles, as they were at one moment.
struct Defined {
  std::uint64_t rev = 0;  // grows with every change
  std::vector<Board> boards;
};
Result<std::uint64_t> read_rev(sql::Connection& connection);
// Code::corrupt for a definition that can't be read.
Result<Defined> read_defined(sql::Connection& connection);

}  // namespace matsuri::board
