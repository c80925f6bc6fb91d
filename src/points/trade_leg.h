// The leg of points of a game's trade (game/trade.h): what it holds leaves the purses that pay, and
// lies in a hold of the trade, until the trade says where it goes.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "game/trade.h"
#include "model/ids.h"
#include "sequencer/command.h"

namespace matsuri::points {

// Accounts pay accounts and sinks; campaigns pay accounts; campaigns and sinks are the trade's
// title's. The only account that pays is the trade's player. Code::invalid names what is wrong;
// Code::denied for another account.
Result<game::PointsLeg> make_trade_leg(const game::Trade& trade,
                                       std::vector<game::PointsMove> moves);

}  // namespace matsuri::points
