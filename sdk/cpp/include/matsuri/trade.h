// Trades: what several arenas take and give together, all or nothing, in whatever shards they are.
// For the title's own servers: GameOptions::server_key.
//
//   const EntityRef stall("purse", "stall"), mio("purse", "42");
//   const Trade sale = Trade("shop.sale")
//                          .leg(TradeLeg("shop").take(stall["swords"], 1))
//                          .leg(TradeLeg("player-42").give(mio["swords"], 1))
//                          .pay("account:42", "spend:shop", 100)
//                          .as(player_token);
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "matsuri/game.h"

namespace matsuri {

// What one arena takes and gives. Limits of one: 16 entities, 16 guards, 8 takes, 8 gives.
class TradeLeg {
 public:
  struct Move {
    EntityName entity;
    std::string field;
    std::int64_t value = 0;
  };

  explicit TradeLeg(std::string arena) : arena_(std::move(arena)) {}

  // Looked at when the leg is held.
  TradeLeg& when(Guard guard) { return guards_.push_back(std::move(guard)), *this; }
  // The field has at least that much, or nothing happens. A field is taken from, or given to, once.
  TradeLeg& take(const Field& field, std::int64_t value) { return add(takes_, field, value); }
  TradeLeg& give(const Field& field, std::int64_t value) { return add(gives_, field, value); }

  const std::string& arena() const { return arena_; }
  const std::vector<Guard>& guards() const { return guards_; }
  const std::vector<Move>& takes() const { return takes_; }
  const std::vector<Move>& gives() const { return gives_; }

 private:
  TradeLeg& add(std::vector<Move>& moves, const Field& field, std::int64_t value) {
    Step step = field.add(value);
    moves.push_back(Move{std::move(step.entity), std::move(step.field), value});
    return *this;
  }

  std::string arena_;
  std::vector<Guard> guards_;
  std::vector<Move> takes_;
  std::vector<Move> gives_;
};

// 2 to 8 legs; what is paid, at most six times, is one of them, the last.
class Trade {
 public:
  struct Payment {
    std::string from;
    std::string to;
    std::int64_t amount = 0;
  };

  // The reason stands in the history: "shop.sale".
  explicit Trade(std::string reason) : reason_(std::move(reason)) {}

  Trade& leg(TradeLeg leg) { return legs_.push_back(std::move(leg)), *this; }
  // Points: "account:42" pays accounts, and sinks of the title ("spend:shop"); "campaign:summer" of
  // the title pays accounts.
  Trade& pay(std::string from, std::string to, std::int64_t amount) {
    return payments_.push_back(Payment{std::move(from), std::move(to), amount}), *this;
  }
  // Whose account pays: the GameSession::player_token of their client.
  Trade& as(std::string player_token) { return player_token_ = std::move(player_token), *this; }
  // The key that propose() returned, to go on with the same trade, also after a restart.
  Trade& under(std::string key) { return key_ = std::move(key), *this; }

  const std::string& reason() const { return reason_; }
  const std::vector<TradeLeg>& legs() const { return legs_; }
  const std::vector<Payment>& payments() const { return payments_; }
  const std::string& player_token() const { return player_token_; }
  const std::string& key() const { return key_; }

 private:
  std::string reason_;
  std::vector<TradeLeg> legs_;
  std::vector<Payment> payments_;
  std::string player_token_;
  std::string key_;
};

// Closed. All but applied and pending: nothing happens.
enum class TradeVerdict {
  applied,
  rejected,          // a guard did not hold, there was less, or no room
  version_mismatch,  // that guard was one of a version
  invalid,           // a leg would leave a field's bounds
  expired,           // not all legs could be held in time
  pending,           // not decided yet; of look_up_trade() alone
  key_reuse,         // the key belongs to another trade
  key_too_old,       // over a week
  key_from_future,   // the device's clock is wrong
};

const char* name_of(TradeVerdict verdict);

struct TradeOutcome {
  std::string key;
  TradeVerdict verdict = TradeVerdict::invalid;
  bool duplicate = false;          // the trade was there before
  bool settled = false;            // every leg has come to its end; if not, it does so by itself
  std::optional<std::size_t> leg;  // that was refused
  std::string part;                // of it: guard, take, give, points; or empty
  std::size_t index = 0;           // in that part
  std::string message;             // why

  bool applied() const { return verdict == TradeVerdict::applied; }
};

}  // namespace matsuri
