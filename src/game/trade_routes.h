// The HTTP half of trades.
#pragma once

#include "account/directory.h"
#include "game/directory.h"
#include "game/trades.h"
#include "http/router.h"

namespace matsuri::game {

struct TradeRouteParts {
  Trades& trades;
  const Directory& directory;
  const Gate& gate;
  account::Directory& people;
  MakePointsLeg make_points;
};

// Adds /v1/game/{title}/trades….
void add_trade_routes(http::Router& router, TradeRouteParts parts);

}  // namespace matsuri::game
