// The HTTP half of game: parse, call once, render.
#pragma once

#include "account/apply.h"
#include "account/credential.h"
#include "game/commands.h"
#include "game/directory.h"
#include "game/exec.h"
#include "game/feed.h"
#include "http/router.h"
#include "io/clock.h"
#include "sql/db.h"

namespace matsuri::game {

struct RouteParts {
  Titles& titles;
  const Directory& directory;
  const Gate& gate;
  Commands& commands;
  Feed& feed;
  sql::Db& db;  // main's
  const account::Signer& signer;
  const account::Standings& standings;
  io::Clock& clock;
};

// Adds /v1/game….
void add_routes(http::Router& router, RouteParts parts);

}  // namespace matsuri::game
