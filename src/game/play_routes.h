// GET /v1/play: what whoever comes with a browser plays here.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "game/directory.h"
#include "http/router.h"
#include "model/ids.h"
#include "sql/db.h"

namespace matsuri::game {

struct PlayRouteParts {
  sql::Db& db;           // main's
  Directory& directory;  // hears of what another process made
  // The title as the API shows it; nullopt where this node does not know it yet.
  std::function<std::optional<std::string>(TitleId)> title_json;
};

void add_play_route(http::Router& router, PlayRouteParts parts);

}  // namespace matsuri::game
