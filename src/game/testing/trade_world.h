// Trades as tests make them: one title, purses with gold of which there is room for 1000, and gems
// without end.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "game/model.h"
#include "game/trade.h"
#include "sequencer/command.h"

namespace matsuri::game {

inline constexpr TitleId trade_title{4711};
inline constexpr sequencer::KindIndex purse = 1;
inline constexpr sequencer::FieldIndex gold = 0;
inline constexpr sequencer::FieldIndex gems = 1;
inline constexpr std::int64_t gold_max = 1000;

// {"kinds":[…]} of it.
std::string_view trade_schema_text();
const TitleSchema& trade_schema();

// The purse of an arena; there is one in each.
sequencer::EntityName purse_in(const std::string& arena);
sequencer::EntityName hold_in(const std::string& arena, const sequencer::Key& key);
sequencer::Entity purse_with(std::int64_t gold_value, std::int64_t gems_value);

// Takes and gives that much of the arena's purse; nothing where it is 0.
struct LegOf {
  std::string arena;
  std::int64_t take_gold = 0;
  std::int64_t take_gems = 0;
  std::int64_t give_gold = 0;
  std::int64_t give_gems = 0;
};
Trade trade_of(const sequencer::Key& key, const std::vector<LegOf>& legs);
// The leg comes as one of points does: with commands of its own, that end a hold without removing
// it.
void keep_ended_hold(Trade& trade, std::size_t leg);
// A leg of points without commands.
Result<PointsLeg> moves_alone(const Trade& trade, std::vector<PointsMove> moves);

}  // namespace matsuri::game
