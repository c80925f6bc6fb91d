// The HTTP half of histories: for the title's servers, and for support.
#pragma once

#include "game/directory.h"
#include "game/exec.h"
#include "game/history.h"
#include "http/router.h"

namespace matsuri::game {

struct HistoryRouteParts {
  History& history;
  const Titles& titles;
  const Directory& directory;
  const Gate& gate;
};

// Adds /v1/game/{title}/history and …/players/{account}/entities.
void add_history_routes(http::Router& router, HistoryRouteParts parts);

}  // namespace matsuri::game
