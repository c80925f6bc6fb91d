// Two rules carry all of it. Only the row decides: no leg commits or gives back before it is read
// that the row says so. And a void leg of which nothing is known gets a tombstone, so that a hold
// that is still on its way finds it, or is found by it.
#include "game/trade_machine.h"

#include <algorithm>
#include <utility>

#include "base/plant.h"

namespace matsuri::game {
namespace {

using sequencer::Outcome;
using sequencer::Verdict;
using What = TradeMachine::Action::What;

// What the guard of a hold, the first of each command, saw where it failed.
enum class Hold : std::uint8_t { unseen, absent, held, buried, committed };

Hold seen_in(const Outcome& outcome) {
  if (outcome.verdict != Verdict::rejected || outcome.guard != 0 || outcome.entities.empty())
    return Hold::unseen;
  const sequencer::Entity& hold = outcome.entities.front().state;
  if (!hold.exists()) return Hold::absent;
  const std::int64_t state = hold.get(hold_state);
  if (state == state_held) return Hold::held;
  return state == state_committed ? Hold::committed : Hold::buried;
}

}  // namespace

TradeMachine::TradeMachine(const TradeMachineOptions& options, const Trade& trade,
                           TradeStanding standing)
    : options_(options), trade_(trade), standing_(std::move(standing)), legs_(trade.legs.size()) {}

bool TradeMachine::is_settled() const {
  if (standing_.is_done) return true;
  if (!is_decided()) return false;
  return std::ranges::all_of(legs_, [&](const LegState& leg) {
    return leg.known == Known::closed || leg.known == Known::refused ||
           (planted("no_tombstones") && standing_.state == TradeState::voided &&
            leg.known == Known::nothing);
  });
}

std::vector<TradeMachine::Action> TradeMachine::next(Now now) {
  std::vector<Action> actions;
  if (standing_.is_done) return actions;
  if (is_decided())
    next_decided(now, actions);
  else
    next_pending(now, actions);
  return actions;
}

void TradeMachine::next_pending(Now now, std::vector<Action>& actions) {
  const bool all_held =
      std::ranges::all_of(legs_, [](const LegState& leg) { return leg.known >= Known::held; });
  if (!why_ && now.unix_ms - standing_.created_ms >= options_.hold_ms_max)
    why_ = Refusal{.verdict = Verdict::overloaded,
                   .leg = std::nullopt,
                   .message = "not all legs could be held in time"};
  if (why_) return begin_row(What::decide, TradeState::voided, now, actions);
  if (all_held) {
    if (planted("commit_before_decision"))
      for (std::size_t i = 0; i < legs_.size(); ++i)
        if (legs_[i].known == Known::held) begin(i, What::commit, now, actions);
    return begin_row(What::decide, TradeState::committed, now, actions);
  }
  for (std::size_t i = 0; i < legs_.size(); ++i)
    if (legs_[i].known == Known::nothing) begin(i, What::hold, now, actions);
}

void TradeMachine::next_decided(Now now, std::vector<Action>& actions) {
  if (is_settled()) return begin_row(What::finish, standing_.state, now, actions);
  for (std::size_t i = 0; i < legs_.size(); ++i) {
    const Known known = legs_[i].known;
    if (known == Known::closed || known == Known::refused) continue;
    if (standing_.state == TradeState::committed)
      begin(i, What::commit, now, actions);
    else if (known == Known::held)
      begin(i, What::undo, now, actions);
    else if (!planted("no_tombstones"))
      begin(i, What::bury, now, actions);
  }
}

bool TradeMachine::may_begin(Flight& flight, Now now) const {
  if (flight.is_open && now.monotonic_ms - flight.since_ms < options_.attempt_ms_max) return false;
  if (now.monotonic_ms < flight.not_before_ms) return false;
  flight.is_open = true;
  ++flight.attempt;
  flight.since_ms = now.monotonic_ms;
  return true;
}

void TradeMachine::begin(std::size_t index, What what, Now now, std::vector<Action>& actions) {
  LegState& leg = legs_[index];
  if (!may_begin(leg.flight, now)) return;
  leg.doing = what;
  actions.push_back(
      {.what = what, .leg = static_cast<std::uint8_t>(index), .attempt = leg.flight.attempt});
}

void TradeMachine::begin_row(What what, TradeState state, Now now, std::vector<Action>& actions) {
  if (!may_begin(row_, now)) return;
  actions.push_back({.what = what,
                     .attempt = row_.attempt,
                     .state = state,
                     .why = state == TradeState::voided ? why_ : std::nullopt});
}

void TradeMachine::wait(Flight& flight, Now now) const {
  const std::int64_t wait_ms =
      std::min(options_.retry_ms_max, options_.retry_ms << std::min(flight.try_count, 10U));
  ++flight.try_count;
  flight.not_before_ms = now.monotonic_ms + wait_ms;
}

void TradeMachine::reach(LegState& leg, Known known) {
  leg.known = known;
  leg.flight.try_count = 0;
  leg.flight.not_before_ms = 0;
}

void TradeMachine::answered(std::uint8_t index, std::uint32_t attempt, const Outcome& outcome,
                            Now now) {
  LegState& leg = legs_[index];
  if (!leg.flight.is_open || leg.flight.attempt != attempt) return;
  leg.flight.is_open = false;
  const Hold seen = seen_in(outcome);
  switch (leg.doing) {
    case What::hold:
      return hold_answered(index, outcome, now);
    case What::commit:
      // A committed trade was held everywhere: where the hold is gone, it has been committed.
      if (outcome.verdict == Verdict::applied || seen == Hold::absent || seen == Hold::committed)
        return reach(leg, Known::closed);
      break;
    case What::undo:
      if (outcome.verdict == Verdict::applied || seen == Hold::absent || seen == Hold::buried)
        return reach(leg, Known::closed);
      break;
    case What::bury:
      if (outcome.verdict == Verdict::applied || seen == Hold::buried)
        return reach(leg, Known::closed);
      if (seen == Hold::held) return reach(leg, Known::held);
      break;
    case What::decide:
    case What::finish:
      break;
  }
  // Not now, or nobody knows; or there is no room: others filled it while it was held.
  wait(leg.flight, now);
}

void TradeMachine::hold_answered(std::uint8_t index, const Outcome& outcome, Now now) {
  LegState& leg = legs_[index];
  switch (outcome.verdict) {
    case Verdict::applied:
      return reach(leg, Known::held);
    case Verdict::overloaded:
    case Verdict::not_owner:
    case Verdict::unknown:
      return wait(leg.flight, now);
    default:
      break;
  }
  if (seen_in(outcome) == Hold::held) return reach(leg, Known::held);
  if (!why_) why_ = refusal_of(trade_, index, outcome);
  // What is decided stays so under the hold's one key. What is not may still be executed, where it
  // was sent twice: its leg stays open for a tombstone.
  if (sequencer::is_decided(outcome.verdict)) return reach(leg, Known::refused);
  wait(leg.flight, now);
}

void TradeMachine::row_is(std::uint32_t attempt, const std::optional<TradeStanding>& standing,
                          Now now) {
  if (!row_.is_open || row_.attempt != attempt) return;
  row_.is_open = false;
  if (!standing || standing->state == TradeState::pending) return wait(row_, now);
  const bool was_decided = is_decided();
  standing_ = *standing;
  row_.try_count = 0;
  row_.not_before_ms = 0;
  if (was_decided) return;
  for (LegState& leg : legs_) {
    leg.flight.try_count = 0;
    leg.flight.not_before_ms = 0;
  }
}

}  // namespace matsuri::game
