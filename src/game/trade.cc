// The commands of trades. All that keeps a trade whole in a shard is here, as guards: a hold is
// made where there is none, and ended where it is held.
#include "game/trade.h"

#include <sodium.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "base/assert.h"
#include "base/sentence.h"
#include "game/model.h"

namespace matsuri::game {
namespace {

using sequencer::Command;
using sequencer::Compare;
using sequencer::FieldIndex;
using sequencer::Key;
using sequencer::Operation;

FieldIndex amount_field(std::size_t take) { return static_cast<FieldIndex>(hold_state + 1 + take); }

// Commands of trades are told apart by their keys alone.
Command under(const Key& key, Command command) {
  command.key = key;
  std::memcpy(&command.fingerprint, key.bytes.data() + 8, sizeof command.fingerprint);
  return command;
}

// Puts a command of one leg together; entities are named when they are needed.
class Builder {
 public:
  Builder(const Trade& trade, std::size_t leg, const Key& key)
      : trade_(trade), leg_(trade.legs[leg]) {
    command_ = under(key, {});
    command_.reason = trade.reason;
    hold_ = name(hold_kind, to_string(trade.key));
  }

  std::uint8_t hold() const { return hold_; }
  // The command's index of an entity of the leg.
  std::uint8_t entity(std::uint8_t of_leg) {
    const auto& [kind, id] = leg_.entities[of_leg];
    for (std::size_t i = 0; i < command_.entities.size(); ++i)
      if (command_.entities[i].kind == kind && command_.entities[i].id == id)
        return static_cast<std::uint8_t>(i);
    return name(kind, id);
  }

  void guard(std::uint8_t entity, std::optional<FieldIndex> field, Compare compare,
             std::int64_t value = 0) {
    command_.guards.push_back(
        {.entity = entity, .field = field, .compare = compare, .value = value});
  }
  void guard_state(std::int64_t state) { guard(hold_, hold_state, Compare::equal, state); }
  void step(std::uint8_t entity, FieldIndex field, Operation operation, std::int64_t value) {
    command_.steps.push_back(
        {.entity = entity, .field = field, .operation = operation, .value = value});
  }
  void remove_hold() {
    command_.steps.push_back({.entity = hold_, .operation = Operation::remove});
  }
  Command take() { return std::move(command_); }

 private:
  std::uint8_t name(sequencer::KindIndex kind, const std::string& id) {
    command_.entities.push_back(
        {.title = trade_.title, .arena = leg_.arena, .kind = kind, .id = id});
    return static_cast<std::uint8_t>(command_.entities.size() - 1);
  }

  const Trade& trade_;
  const Leg& leg_;
  Command command_;
  std::uint8_t hold_ = 0;
};

// The same for the same leg of the same trade, whoever asks: what comes twice is known.
Key hold_key(const Trade& trade, std::size_t leg) {
  std::array<std::uint8_t, 8 + sizeof(Key::bytes) + 1> text{};
  std::memcpy(text.data(), &trade.title.value, 8);
  std::memcpy(text.data() + 8, trade.key.bytes.data(), sizeof(Key::bytes));
  text.back() = static_cast<std::uint8_t>(leg);
  std::array<std::uint64_t, 2> hash{};
  static_assert(sizeof hash == crypto_generichash_BYTES_MIN);
  MATSURI_ASSERT(crypto_generichash(reinterpret_cast<unsigned char*>(hash.data()), sizeof hash,
                                    text.data(), text.size(), nullptr, 0) == 0);
  return key_at(trade.key.unix_ms(), hash[0], hash[1]);
}

// Ends a leg that is held: adds these, and removes the hold.
Command end_command(const Trade& trade, std::size_t leg, const Key& key,
                    const std::vector<Move>& added) {
  Builder builder(trade, leg, key);
  builder.guard_state(state_held);
  for (const Move& move : added)
    builder.step(builder.entity(move.entity), move.field, Operation::add, move.value);
  builder.remove_hold();
  return builder.take();
}

}  // namespace

sequencer::Kind hold_kind_of_all() {
  sequencer::Kind kind{.name = std::string(hold_name), .fields = {{.name = "state"}}};
  for (std::size_t i = 0; i < move_count_max; ++i)
    kind.fields.push_back({.name = sentence("amount_", i)});
  return kind;
}

Key key_at(std::int64_t unix_ms, std::uint64_t random_high, std::uint64_t random_low) {
  Key key;
  for (std::size_t i = 0; i < 6; ++i)
    key.bytes[i] = static_cast<std::uint8_t>(unix_ms >> (40 - 8 * i));
  std::memcpy(key.bytes.data() + 6, &random_high, 2);
  std::memcpy(key.bytes.data() + 8, &random_low, 8);
  key.bytes[6] = static_cast<std::uint8_t>((key.bytes[6] & 0x0f) | 0x70);
  key.bytes[8] = static_cast<std::uint8_t>((key.bytes[8] & 0x3f) | 0x80);
  return key;
}

Command hold_command(const Trade& trade, std::size_t leg_index) {
  const Leg& leg = trade.legs[leg_index];
  if (leg.points) return under(hold_key(trade, leg_index), leg.points->hold);
  Builder builder(trade, leg_index, hold_key(trade, leg_index));
  builder.guard(builder.hold(), std::nullopt, Compare::absent);
  for (sequencer::Guard guard : leg.guards) {
    if (guard.compare != Compare::now_before) guard.entity = builder.entity(guard.entity);
    builder.guard(guard.entity, guard.field, guard.compare, guard.value);
  }
  for (const Move& move : leg.take)
    builder.guard(builder.entity(move.entity), move.field, Compare::greater_equal, move.value);
  for (const Move& move : leg.give)
    builder.guard(builder.entity(move.entity), move.field, Compare::has_room, move.value);
  builder.step(builder.hold(), hold_state, Operation::set, state_held);
  for (std::size_t i = 0; i < leg.take.size(); ++i) {
    const Move& move = leg.take[i];
    builder.step(builder.entity(move.entity), move.field, Operation::sub, move.value);
    builder.step(builder.hold(), amount_field(i), Operation::set, move.value);
  }
  return builder.take();
}

Command commit_command(const Trade& trade, std::size_t leg, const Key& key) {
  if (trade.legs[leg].points) return under(key, trade.legs[leg].points->commit);
  return end_command(trade, leg, key, trade.legs[leg].give);
}

Command undo_command(const Trade& trade, std::size_t leg, const Key& key) {
  if (trade.legs[leg].points) return under(key, trade.legs[leg].points->undo);
  return end_command(trade, leg, key, trade.legs[leg].take);
}

Command bury_command(const Trade& trade, std::size_t leg, const Key& key) {
  if (trade.legs[leg].points) return under(key, trade.legs[leg].points->bury);
  Builder builder(trade, leg, key);
  builder.guard(builder.hold(), std::nullopt, Compare::absent);
  builder.step(builder.hold(), hold_state, Operation::set, state_void);
  return builder.take();
}

Command forget_command(const Trade& trade, std::size_t leg, const Key& key) {
  MATSURI_ASSERT(!trade.legs[leg].points);
  Builder builder(trade, leg, key);
  builder.guard_state(state_void);
  builder.remove_hold();
  return builder.take();
}

Refusal refusal_of(const Trade& trade, std::size_t leg_index, const sequencer::Outcome& outcome) {
  const Leg& leg = trade.legs[leg_index];
  Refusal refusal{.verdict = outcome.verdict, .leg = static_cast<std::uint8_t>(leg_index)};
  if (!sequencer::is_decided(outcome.verdict)) {
    refusal.verdict = sequencer::Verdict::invalid;
    refusal.message = outcome.message;
    return refusal;
  }
  // The guards stand in the order in which hold_command() puts them.
  std::size_t index = outcome.guard;
  if (index == 0) {
    refusal.message = "it was given up before this leg was held";
    return refusal;
  }
  --index;
  if (leg.points) {
    MATSURI_ASSERT(index < leg.points->whys.size());
    refusal = leg.points->whys[index];
    refusal.leg = static_cast<std::uint8_t>(leg_index);
    return refusal;
  }
  const auto within = [&](std::size_t count, Refusal::Part part, std::string_view message) {
    if (refusal.part != Refusal::Part::none) return;
    if (index >= count) {
      index -= count;
      return;
    }
    refusal.part = part;
    refusal.index = static_cast<std::uint8_t>(index);
    refusal.message = message;
  };
  within(leg.guards.size(), Refusal::Part::guard, "the guard did not hold");
  within(leg.take.size(), Refusal::Part::take, "there is less than would be taken");
  within(leg.give.size(), Refusal::Part::give, "there is no room for what would be given");
  return refusal;
}

}  // namespace matsuri::game
