// Trades: what several arenas take and give together, all or nothing, whatever shards they are in;
// and the commands that a trade is made of. A leg is first held: what it takes leaves its entities,
// and lies in an entity of the kind `hold` in the same arena, where everybody sees it and nobody
// can spend it. When all legs are held, the trade is committed, else void: one row of the main
// database says which (trade_rows.h). Then each leg ends: it gives, or it gives back.
//
// One leg may be of points. Their purses are no title's entities, so points make its commands
// (points/trade_leg.h); what follows from them is the same.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "model/ids.h"
#include "sequencer/command.h"
#include "sequencer/schema.h"

namespace matsuri::game {

inline constexpr std::size_t leg_count_min = 2;
inline constexpr std::size_t leg_count_max = 8;
inline constexpr std::size_t move_count_max = 8;         // takes of a leg, and gives of a leg
inline constexpr std::size_t leg_entity_count_max = 16;  // those of its takes and gives among them
inline constexpr std::size_t leg_guard_count_max = 16;
inline constexpr std::size_t points_move_count_max = 6;
inline constexpr std::size_t trade_size_max = 256U << 10;

// The kind that holds are of: the first of every title's schema, so that its number never moves.
// `state`, and amount_0 to amount_7: what each take of the leg took. The id is the trade's key.
inline constexpr sequencer::KindIndex hold_kind = 0;
inline constexpr std::string_view hold_name = "hold";
inline constexpr sequencer::FieldIndex hold_state = 0;
inline constexpr std::int64_t state_held = 1;
inline constexpr std::int64_t state_void = 2;       // a tombstone: whoever comes late finds it
inline constexpr std::int64_t state_committed = 3;  // of points, whose holds stay when they ended
sequencer::Kind hold_kind_of_all();

// How much of a field changes hands.
struct Move {
  std::uint8_t entity = 0;  // index in Leg::entities
  sequencer::FieldIndex field = 0;
  std::int64_t value = 0;  // above 0

  bool operator==(const Move&) const = default;
};

// Points that change hands. Purses are named as postings name them: "account:5", "campaign:summer".
struct PointsMove {
  std::string from;
  std::string to;
  std::int64_t amount = 0;

  bool operator==(const PointsMove&) const = default;
};

// Why a trade came to nothing.
struct Refusal {
  enum class Part : std::uint8_t { none, guard, take, give, points };

  // rejected, version_mismatch, invalid; overloaded: it was too late.
  sequencer::Verdict verdict = sequencer::Verdict::rejected;
  std::optional<std::uint8_t> leg;
  Part part = Part::none;  // of the leg
  std::uint8_t index = 0;  // in that part
  std::string message;

  bool operator==(const Refusal&) const = default;
};

// A leg of points, and all that it is done by: commands that want a key each.
struct PointsLeg {
  std::vector<PointsMove> moves;
  sequencer::Command hold;
  sequencer::Command commit;
  sequencer::Command undo;
  sequencer::Command bury;
  std::vector<Refusal> whys;    // what it means where a guard of `hold` fails, from the second on
  std::vector<AccountId> paid;  // those that get some: they have to be there
  bool takes_from_player = false;

  bool operator==(const PointsLeg&) const = default;
};

// All but `points` is empty in a leg of points.
struct Leg {
  std::string arena;
  std::vector<std::pair<sequencer::KindIndex, std::string>> entities;
  std::vector<sequencer::Guard> guards;
  std::vector<Move> take;
  std::vector<Move> give;
  std::optional<PointsLeg> points;

  bool operator==(const Leg&) const = default;
};

struct Trade {
  TitleId title;
  sequencer::Key key;
  AccountId player;  // whose points it may take; none: nobody's
  std::string reason;
  std::vector<Leg> legs;

  bool operator==(const Trade&) const = default;
};

// Makes the leg of points of a trade: of its title, key, reason and player. Code::invalid, and
// Code::denied where points of somebody else would be taken.
using MakePointsLeg = std::function<Result<PointsLeg>(const Trade&, std::vector<PointsMove>)>;

enum class TradeState : std::uint8_t { pending = 0, committed = 1, voided = 2 };

// A trade as its row has it.
struct TradeStanding {
  TradeState state = TradeState::pending;
  bool is_done = false;  // no leg has anything left to do
  std::int64_t created_ms = 0;
  std::optional<Refusal> why;  // of a void one

  bool operator==(const TradeStanding&) const = default;
};

// The four commands of a leg. The first guard of each is that of its hold. A hold has one key for
// ever, so that it is taken once however often it is sent; the others may come again under any key,
// because the first of them that is applied makes the guard of the rest fail.
sequencer::Command hold_command(const Trade& trade, std::size_t leg);
// Gives, and ends the hold.
sequencer::Command commit_command(const Trade& trade, std::size_t leg, const sequencer::Key& key);
// Gives back what was held, and ends the hold.
sequencer::Command undo_command(const Trade& trade, std::size_t leg, const sequencer::Key& key);
// Lays a tombstone where the hold would be.
sequencer::Command bury_command(const Trade& trade, std::size_t leg, const sequencer::Key& key);
// Takes the tombstone away: when no hold can come any more, because its key is too old. Those of
// points stay, as all that ever had a balance does. REQUIRES: it is no leg of points.
sequencer::Command forget_command(const Trade& trade, std::size_t leg, const sequencer::Key& key);

// What a hold that was refused says to whoever traded. `outcome` is of hold_command().
Refusal refusal_of(const Trade& trade, std::size_t leg, const sequencer::Outcome& outcome);

// A new key of a moment.
sequencer::Key key_at(std::int64_t unix_ms, std::uint64_t random_high, std::uint64_t random_low);

}  // namespace matsuri::game
