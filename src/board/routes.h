// The HTTP half of board: parse, call once, render.
#pragma once

#include <functional>

#include "board/boards.h"
#include "board/definitions.h"
#include "game/directory.h"
#include "http/router.h"
#include "sql/db.h"

namespace matsuri::board {

struct RouteParts {
  Definitions& definitions;
  Boards& boards;
  const game::Gate& gate;
  std::function<bool(TitleId)> has_title;
  sql::Db& db;  // main's: who people are
};

// Adds /v1/game/{title}/boards….
void add_routes(http::Router& router, RouteParts parts);

}  // namespace matsuri::board
