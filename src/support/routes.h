// The HTTP half of support: parse, call once, render.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "game/log_reader.h"
#include "http/router.h"
#include "io/clock.h"
#include "model/ids.h"
#include "sql/db.h"

namespace matsuri::support {

struct RouteParts {
  sql::Db& main;
  sql::Db& timeline;
  const game::LogDbs& logs;  // what is asked of game state is asked here
  io::Clock& clock;
  // The title as the API shows it; nullopt where this node does not know it.
  std::function<std::optional<std::string>(TitleId)> title_json;
};

// Adds /v1/support/players/…
void add_routes(http::Router& router, RouteParts parts);

}  // namespace matsuri::support
