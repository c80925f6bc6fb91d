// Each command has every purse once, whatever the number of moves, because a purse says by how much
// one command changed it. And each changes all that it names: the ledger has no other entries.
#include "points/trade_leg.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>

#include "base/sentence.h"
#include "points/check.h"
#include "points/model.h"

namespace matsuri::points {
namespace {

using game::PointsLeg;
using game::PointsMove;
using game::Refusal;
using sequencer::Command;
using sequencer::Compare;
using sequencer::FieldIndex;
using sequencer::Operation;

// What all moves together do to one purse.
struct Side {
  PurseName name;
  std::int64_t pays = 0;
  std::int64_t gets = 0;
  std::uint8_t move = 0;  // the first that names it
};

Error invalid(std::string message) { return {Code::invalid, std::move(message)}; }

// Those that can change hands by a trade. nullopt for all else.
std::optional<PurseName> parse_purse(std::string_view text) {
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const auto kind = points_schema().find(text.substr(0, colon));
  const std::string_view id = text.substr(colon + 1);
  const bool is_named = kind == campaign_kind || kind == sink_kind;
  if (is_named && check_purse_name(id).ok()) return PurseName{*kind, id};
  if (kind == account_kind && parse_id(id)) return PurseName{*kind, id};
  return std::nullopt;
}

Result<std::pair<PurseName, PurseName>> read_move(const PointsMove& move, AccountId player) {
  const auto from = parse_purse(move.from);
  if (!from || from->first == sink_kind)
    return invalid("from: account:NUMBER and campaign:NAME are taken");
  const auto to = parse_purse(move.to);
  if (!to || to->first == campaign_kind)
    return invalid("to: account:NUMBER and spend:NAME are taken");
  if (from->first == campaign_kind && to->first == sink_kind)
    return invalid("to: a campaign pays accounts");
  if (*from == *to) return invalid("to: is who pays");
  TRY(within("amount", check_amount(move.amount)));
  if (from->first == account_kind && parse_id_as<AccountId>(from->second) != player)
    return Error(Code::denied,
                 "points are their account's: show its player token beside the server's key");
  return std::pair(*from, *to);
}

Result<std::vector<Side>> sides_of(const std::vector<PointsMove>& moves, AccountId player) {
  std::vector<Side> sides;
  const auto side = [&](const PurseName& name, std::size_t move) -> Side& {
    const auto found = std::ranges::find(sides, name, &Side::name);
    if (found != sides.end()) return *found;
    return sides.emplace_back(Side{.name = name, .move = static_cast<std::uint8_t>(move)});
  };
  for (std::size_t i = 0; i < moves.size(); ++i) {
    TRY_ASSIGN(const auto names, within(sentence("points[", i, "]"), read_move(moves[i], player)));
    side(names.first, i).pays += moves[i].amount;
    side(names.second, i).gets += moves[i].amount;
  }
  return sides;
}

class Builder {
 public:
  explicit Builder(const game::Trade& trade) {
    command_.actor = trade.player;
    command_.reason = trade.reason;
    // The first, whose guard is the first: by it trades see what became of the hold.
    entity({hold_kind, trade_hold_id(trade.title, trade.key)});
  }

  static constexpr std::uint8_t hold = 0;
  std::uint8_t entity(const PurseName& name) {
    command_.entities.push_back(purse(name.first, name.second));
    return static_cast<std::uint8_t>(command_.entities.size() - 1);
  }
  void guard(std::uint8_t entity, std::optional<FieldIndex> field, Compare compare,
             std::int64_t value = 0) {
    command_.guards.push_back(
        {.entity = entity, .field = field, .compare = compare, .value = value});
  }
  void guard_held() {
    guard(hold, hold_state_field, Compare::equal, static_cast<std::int64_t>(HoldState::held));
  }
  void step(std::uint8_t entity, FieldIndex field, Operation operation, std::int64_t value) {
    command_.steps.push_back(
        {.entity = entity, .field = field, .operation = operation, .value = value});
  }
  void set(std::uint8_t entity, FieldIndex field, std::int64_t value) {
    step(entity, field, Operation::set, value);
  }
  void set_state(HoldState state) { set(hold, hold_state_field, static_cast<std::int64_t>(state)); }
  // The balance changes by that much, and the purse says so.
  void post(std::uint8_t entity, std::int64_t amount) {
    const sequencer::KindIndex kind = command_.entities[entity].kind;
    if (amount > 0) step(entity, balance_field(kind), Operation::add, amount);
    if (amount < 0) step(entity, balance_field(kind), Operation::sub, -amount);
    set(entity, posting_field(kind), amount);
  }
  void hold_back(std::uint8_t entity, Operation operation, std::int64_t amount) {
    step(entity, *held_field(command_.entities[entity].kind), operation, amount);
  }
  Command take() { return std::move(command_); }

 private:
  Command command_;
};

std::int64_t sum_of(const std::vector<Side>& sides) {
  std::int64_t sum = 0;
  for (const Side& side : sides) sum += side.pays;
  return sum;
}

// What is held of each that pays, and what is wrong where a guard does not hold.
void make_hold(const game::Trade& trade, const std::vector<Side>& sides, PointsLeg& leg) {
  Builder builder(trade);
  builder.guard(Builder::hold, std::nullopt, Compare::absent);
  const auto title = static_cast<std::int64_t>(trade.title.value);
  const auto guard = [&](const Side& side, std::uint8_t entity, FieldIndex field, Compare compare,
                         std::int64_t value, std::string_view message) {
    builder.guard(entity, field, compare, value);
    leg.whys.push_back({.leg = std::nullopt,
                        .part = Refusal::Part::points,
                        .index = side.move,
                        .message = std::string(message)});
  };
  for (const Side& side : sides) {
    if (side.pays == 0 && side.name.first == account_kind) continue;
    const std::uint8_t entity = builder.entity(side.name);
    if (side.name.first != account_kind)
      guard(side, entity, owner_title, Compare::equal, title,
            side.name.first == sink_kind ? "the title has no such sink"
                                         : "the title has no such campaign");
    if (side.pays != 0) {
      guard(side, entity, balance_field(side.name.first), Compare::greater_equal, side.pays,
            side.name.first == account_kind ? "the account has less than that"
                                            : "the campaign has less than that");
      builder.hold_back(entity, Operation::add, side.pays);
    }
    builder.post(entity, -side.pays);
  }
  builder.set_state(HoldState::held);
  builder.post(Builder::hold, sum_of(sides));
  builder.set(Builder::hold, hold_account, static_cast<std::int64_t>(trade.player.value));
  builder.set(Builder::hold, hold_title, title);
  builder.set(Builder::hold, hold_amount, sum_of(sides));
  leg.hold = builder.take();
}

// What was held goes where it was meant to go, or back.
Command end_hold(const game::Trade& trade, const std::vector<Side>& sides, HoldState state) {
  Builder builder(trade);
  builder.guard_held();
  for (const Side& side : sides) {
    const std::int64_t amount = state == HoldState::committed ? side.gets : side.pays;
    if (amount == 0 && side.pays == 0) continue;
    const std::uint8_t entity = builder.entity(side.name);
    builder.post(entity, amount);
    if (side.pays != 0) builder.hold_back(entity, Operation::sub, side.pays);
  }
  builder.post(Builder::hold, -sum_of(sides));
  builder.set_state(state);
  return builder.take();
}

Command bury(const game::Trade& trade) {
  Builder builder(trade);
  builder.guard(Builder::hold, std::nullopt, Compare::absent);
  builder.set_state(HoldState::voided);
  builder.post(Builder::hold, 0);
  return builder.take();
}

}  // namespace

Result<PointsLeg> make_trade_leg(const game::Trade& trade, std::vector<PointsMove> moves) {
  TRY_ASSIGN(const std::vector<Side> sides, sides_of(moves, trade.player));
  PointsLeg leg;
  make_hold(trade, sides, leg);
  leg.commit = end_hold(trade, sides, HoldState::committed);
  leg.undo = end_hold(trade, sides, HoldState::voided);
  leg.bury = bury(trade);
  for (const Side& side : sides) {
    if (side.name.first != account_kind) continue;
    if (side.gets != 0) leg.paid.push_back(*parse_id_as<AccountId>(side.name.second));
    leg.takes_from_player |= side.pays != 0;
  }
  leg.moves = std::move(moves);
  return leg;
}

}  // namespace matsuri::points
