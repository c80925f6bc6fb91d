// The row of each trade in the main database: what was asked, and the one word that decides.
// All of it runs inside somebody's transaction.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "game/trade.h"
#include "sql/db.h"

namespace matsuri::game {

struct TradeRow {
  TitleId title;
  sequencer::Key key;
  std::string content;  // as trade_json.h writes it
  TradeStanding standing;
};

// Keeps a new trade, pending; or gives the one that has its key.
struct KeptTrade {
  TradeRow row;
  bool was_there = false;
};
Result<KeptTrade> keep_trade(sql::Connection& connection, const TradeRow& row);

// Moves the row from pending to `state`; where somebody else was first, theirs stays. Gives what
// counts from now on. Code::not_found where there is no such trade.
Result<TradeStanding> decide_trade(sql::Connection& connection, TitleId title,
                                   const sequencer::Key& key, TradeState state,
                                   const std::optional<Refusal>& why);
// REQUIRES: it is decided.
Result<TradeStanding> finish_trade(sql::Connection& connection, TitleId title,
                                   const sequencer::Key& key);

Result<std::optional<TradeRow>> trade_row(sql::Connection& connection, TitleId title,
                                          const sequencer::Key& key);

// In the order of (created_ms, key), those behind `after`.
struct TradePlace {
  std::int64_t created_ms = 0;
  sequencer::Key key;
};
Result<std::vector<TradeRow>> undone_trades(sql::Connection& connection, const TradePlace& after,
                                            std::size_t count_max);
// Done ones that were made before a moment, the oldest first; and their end.
Result<std::vector<TradeRow>> old_trades(sql::Connection& connection, std::int64_t before_ms,
                                         std::size_t count_max);
Result<void> drop_trade(sql::Connection& connection, TitleId title, const sequencer::Key& key);

// For a restore: shards are older than main, so what was done last may have holds there again. All
// of the hour before the newest is looked at anew. Does nothing where trades are not known yet.
Result<void> reopen_trades(sql::Connection& connection);

}  // namespace matsuri::game
