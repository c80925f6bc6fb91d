// The HTTP half of analytics: what was counted, for staff and for titles' own servers.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "analytics/runs.h"
#include "analytics/zone.h"
#include "game/directory.h"
#include "http/router.h"
#include "io/clock.h"
#include "model/ids.h"
#include "sql/db.h"

namespace matsuri::analytics {

struct RouteParts {
  Runs& runs;
  sql::Db& db;  // of analytics
  const Zone& zone;
  const game::Gate& gate;
  io::Clock& clock;
  // A title as the API shows it; nullopt where there is none.
  std::function<std::optional<std::string>(TitleId)> title_json;
};

// Adds /v1/analytics….
void add_routes(http::Router& router, RouteParts parts);

}  // namespace matsuri::analytics
