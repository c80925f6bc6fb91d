// Trades as the API takes them and as their rows keep them, and what the API says of them.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "game/model.h"
#include "game/trade.h"

namespace matsuri::game {

// `player`: who showed a token beside the title's key, so that the trade may take their points.
// Code::invalid names what is wrong; Code::denied: see MakePointsLeg, and where a player has no
// part in it.
Result<Trade> parse_trade(std::string_view body, TitleId title, const TitleSchema& schema,
                          const MakePointsLeg& make_points, AccountId player);

// All of a trade but title and key, the same text for the same trade: what its row keeps.
std::string to_text(const Trade& trade, const TitleSchema& schema);
// Code::corrupt for anything that to_text() does not give.
Result<Trade> parse_stored_trade(std::string_view text, TitleId title, const sequencer::Key& key,
                                 const TitleSchema& schema, const MakePointsLeg& make_points);

std::string to_text(const Refusal& refusal);
// Code::corrupt for anything that to_text() does not give.
Result<Refusal> parse_refusal(std::string_view text);

// What became of a trade. `refused`: it never became one, and this is why.
struct TradeTold {
  sequencer::Key key;
  TradeStanding standing;
  bool is_settled = false;
  bool is_duplicate = false;  // the trade was there before
  std::optional<sequencer::Verdict> refused;
  std::string message;  // of a refused one
};
// {"key":"…","outcome":"applied","duplicate":false,"settled":true}
std::string render(const TradeTold& told);
// As it is said there: pending, applied, rejected, expired, key_reuse…
std::string_view outcome_of(const TradeTold& told);

}  // namespace matsuri::game
