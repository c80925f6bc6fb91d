// Updates of boards into SQL: a pure function of the tables and the updates, which may come again,
// and late.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "board/changes.h"
#include "board/model.h"
#include "board/ranking.h"
#include "sql/db.h"

namespace matsuri::board {

// What a board's entry is from now on.
struct Moved {
  BoardId board;
  std::string id;
  std::optional<std::int64_t> value;  // none: it is not on the board
  Reached reached;
};

// An update counts where its version is above the one that its entity has here. Gives the entries
// that are another now.
Result<std::vector<Moved>> apply(sql::Connection& connection, std::span<const Update> updates);

// All entries of a board, in no order. The id is valid until `take` returns.
using TakeEntry =
    std::function<void(std::string_view id, std::int64_t value, const Reached& reached)>;
Result<void> read_entries(sql::Connection& connection, BoardId board, const TakeEntry& take);

// Forgets all that was counted for it.
Result<void> clear_board(sql::Connection& connection, BoardId board);

}  // namespace matsuri::board
