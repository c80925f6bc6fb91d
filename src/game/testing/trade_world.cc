#include "game/testing/trade_world.h"

#include <utility>

#include "base/assert.h"
#include "game/schema_json.h"

namespace matsuri::game {

std::string_view trade_schema_text() {
  return R"({"kinds":[{"name":"purse","fields":[{"name":"gold","min":0,"max":1000},
    {"name":"gems","min":0}],"players":{"which":"read"}}]})";
}

const TitleSchema& trade_schema() {
  static const TitleSchema schema = [] {
    auto parsed = parse_schema(trade_schema_text());
    MATSURI_ASSERT(parsed.ok());
    return std::move(*parsed);
  }();
  return schema;
}

sequencer::EntityName purse_in(const std::string& arena) {
  return {.title = trade_title, .arena = arena, .kind = purse, .id = "p"};
}

sequencer::EntityName hold_in(const std::string& arena, const sequencer::Key& key) {
  return {.title = trade_title, .arena = arena, .kind = hold_kind, .id = to_string(key)};
}

sequencer::Entity purse_with(std::int64_t gold_value, std::int64_t gems_value) {
  sequencer::Entity entity{.version = 1};
  entity.set(gold, gold_value);
  entity.set(gems, gems_value);
  return entity;
}

Trade trade_of(const sequencer::Key& key, const std::vector<LegOf>& legs) {
  Trade trade{.title = trade_title, .key = key, .reason = "test"};
  for (const LegOf& of : legs) {
    Leg& leg = trade.legs.emplace_back();
    leg.arena = of.arena;
    leg.entities = {{purse, "p"}};
    if (of.take_gold != 0) leg.take.push_back({.field = gold, .value = of.take_gold});
    if (of.take_gems != 0) leg.take.push_back({.field = gems, .value = of.take_gems});
    if (of.give_gold != 0) leg.give.push_back({.field = gold, .value = of.give_gold});
    if (of.give_gems != 0) leg.give.push_back({.field = gems, .value = of.give_gems});
  }
  return trade;
}

void keep_ended_hold(Trade& trade, std::size_t leg) {
  PointsLeg points{.hold = hold_command(trade, leg),
                   .commit = commit_command(trade, leg, trade.key),
                   .undo = undo_command(trade, leg, trade.key),
                   .bury = bury_command(trade, leg, trade.key)};
  for (auto [command, state] :
       {std::pair(&points.commit, state_committed), std::pair(&points.undo, state_void)}) {
    sequencer::Step& last = command->steps.back();
    MATSURI_ASSERT(last.operation == sequencer::Operation::remove);
    last = {.entity = last.entity, .field = hold_state, .value = state};
  }
  for (std::size_t i = 1; i < points.hold.guards.size(); ++i)
    points.whys.push_back({.part = Refusal::Part::points, .index = static_cast<std::uint8_t>(i)});
  trade.legs[leg].points = std::move(points);
}

Result<PointsLeg> moves_alone(const Trade& trade, std::vector<PointsMove> moves) {
  return PointsLeg{.moves = std::move(moves), .takes_from_player = trade.player.value != 0};
}

}  // namespace matsuri::game
