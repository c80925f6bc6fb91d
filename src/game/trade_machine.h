// What a trade does next, as a state machine: no thread, no clock, no database. Whoever drives it
// does what next() says and brings the answers back, in any order, twice or never: all of it may be
// tried again. trades.h drives it in production, trade_sim_test.cc in a world that fails.
//
//   next(now) -> the driver sends commands, and writes the row -> answered(…), row_is(…) -> next …
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "game/trade.h"
#include "sequencer/command.h"

namespace matsuri::game {

struct TradeMachineOptions {
  std::int64_t hold_ms_max = 30'000;     // not held everywhere by then: void
  std::int64_t attempt_ms_max = 10'000;  // then an answer is not waited for any longer
  std::int64_t retry_ms = 20;            // doubled each time
  std::int64_t retry_ms_max = 2'000;
};

// Not thread-safe.
class TradeMachine {
 public:
  struct Now {
    std::int64_t unix_ms = 0;
    std::int64_t monotonic_ms = 0;
  };
  struct Action {
    enum class What : std::uint8_t {
      hold,  // these send a command of the leg
      commit,
      undo,
      bury,
      decide,  // move the row from pending to `state`, or find it moved; row_is() tells where it is
      finish,  // write that the trade is done
    };
    What what = What::hold;
    std::uint8_t leg = 0;
    std::uint32_t attempt = 0;  // comes back with the answer
    TradeState state = TradeState::pending;
    std::optional<Refusal> why;
  };

  // Of a new trade, or of one that somebody else began: the row is all that counts.
  // REQUIRES: `trade` outlives the machine.
  TradeMachine(const TradeMachineOptions& options, const Trade& trade, TradeStanding standing);

  // All that can be begun now; it counts as begun. Ask again after each answer, and now and then.
  std::vector<Action> next(Now now);

  // What became of a leg's command.
  void answered(std::uint8_t leg, std::uint32_t attempt, const sequencer::Outcome& outcome,
                Now now);
  // What the row says behind a write to it; nullopt where nobody knows whether that came through.
  void row_is(std::uint32_t attempt, const std::optional<TradeStanding>& standing, Now now);

  const TradeStanding& standing() const { return standing_; }
  bool is_decided() const { return standing_.state != TradeState::pending; }
  // Has every leg come to its end?
  bool is_settled() const;

 private:
  // What is sent and has no answer; and when it may be sent again.
  struct Flight {
    bool is_open = false;
    std::uint32_t attempt = 0;
    std::int64_t since_ms = 0;
    std::int64_t not_before_ms = 0;
    unsigned try_count = 0;
  };
  enum class Known : std::uint8_t {
    nothing,
    held,
    refused,  // it was not held, and never will be
    closed,
  };
  struct LegState {
    Known known = Known::nothing;
    Action::What doing = Action::What::hold;
    Flight flight;
  };

  bool may_begin(Flight& flight, Now now) const;
  void begin(std::size_t leg, Action::What what, Now now, std::vector<Action>& actions);
  void begin_row(Action::What what, TradeState state, Now now, std::vector<Action>& actions);
  void next_pending(Now now, std::vector<Action>& actions);
  void next_decided(Now now, std::vector<Action>& actions);
  void wait(Flight& flight, Now now) const;
  // The leg is one step further.
  static void reach(LegState& leg, Known known);
  void hold_answered(std::uint8_t leg, const sequencer::Outcome& outcome, Now now);

  const TradeMachineOptions options_;
  const Trade& trade_;
  TradeStanding standing_;
  std::optional<Refusal> why_;  // to be decided for
  std::vector<LegState> legs_;
  Flight row_;
};

}  // namespace matsuri::game
