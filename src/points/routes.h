// The HTTP half of points: parse, call once, render.
#pragma once

#include <functional>
#include <vector>

#include "account/directory.h"
#include "game/directory.h"
#include "http/router.h"
#include "model/ids.h"
#include "points/keeper.h"
#include "points/ledger.h"
#include "sequencer/sequencer.h"
#include "sql/db.h"

namespace matsuri::points {

struct RouteParts {
  Ledger& ledger;
  Keeper& keeper;
  const game::Gate& gate;
  account::Directory& people;
  sequencer::Sequencer& sequencer;
  sql::Db& db;                   // main's
  std::vector<sql::Db*> shards;  // in the order of their numbers
  std::function<bool(TitleId)> has_title;
};

// Adds /v1/points….
void add_routes(http::Router& router, RouteParts parts);

}  // namespace matsuri::points
