// Guarded commands and what becomes of them: plain structs, as a shard decides them.
//
// A command names its entities once; guards and steps refer to them by index. All guards are looked
// at before the first step, and all must hold; then all steps are taken in their order, or none.
#pragma once

#include <algorithm>
#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "model/ids.h"
#include "sequencer/schema.h"

namespace matsuri::sequencer {

// Of one command: as many as the hold of a leg of a trade needs (game/trade.h).
inline constexpr std::size_t entity_count_max = 17;
inline constexpr std::size_t guard_count_max = 33;
inline constexpr std::size_t step_count_max = 32;
inline constexpr std::size_t chain_count_max = 64;     // commands linked together
inline constexpr std::size_t arena_size_max = 64;      // bytes
inline constexpr std::size_t entity_id_size_max = 64;  // bytes
inline constexpr std::size_t reason_size_max = 64;     // bytes

// Keys are kept this long at least; one whose own time is older is refused, never run again.
inline constexpr std::int64_t key_kept_ms = std::int64_t{7} * 24 * 3600 * 1000;
// How far a key's time may be ahead of the owner's clock.
inline constexpr std::int64_t key_ahead_ms_max = 5'000;

// A UUIDv7 (RFC 9562): made by the client app once for a command, and reused on every retry.
struct Key {
  std::array<std::uint8_t, 16> bytes{};

  auto operator<=>(const Key&) const = default;
  // Milliseconds since 1970 that stand in its first 48 bits.
  std::int64_t unix_ms() const;
  bool is_uuid_v7() const { return (bytes[6] >> 4) == 7 && (bytes[8] >> 6) == 2; }
};

// Where an entity is. The arena (party, raid, player) is the shard key: all entities of a command
// share it.
struct EntityName {
  TitleId title;
  std::string arena;
  KindIndex kind = 0;
  std::string id;

  auto operator<=>(const EntityName&) const = default;
};

// The values of an entity's fields, by index. Most entities have few: these lie in place, so that
// copying an entity asks for no memory.
class Values {
 public:
  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  std::int64_t operator[](std::size_t index) const {
    return index < here_.size() ? here_[index] : more_[index - here_.size()];
  }
  std::int64_t& operator[](std::size_t index) {
    return index < here_.size() ? here_[index] : more_[index - here_.size()];
  }
  // New ones are 0.
  void resize(std::size_t size) {
    for (std::size_t i = size; i < std::min(std::size_t{size_}, here_.size()); ++i) here_[i] = 0;
    more_.resize(size > here_.size() ? size - here_.size() : 0);
    size_ = static_cast<std::uint8_t>(size);
  }
  void clear() { resize(0); }

  bool operator==(const Values&) const = default;

 private:
  std::array<std::int64_t, 4> here_{};
  std::vector<std::int64_t> more_;  // those behind
  std::uint8_t size_ = 0;
};

// What an entity is. It exists where it has a field; its version grows by one with each command
// that changes it, and is never used again, also where it is removed and made anew.
struct Entity {
  std::uint64_t version = 0;  // 0: never was
  std::uint64_t present = 0;  // one bit a field
  Values values;              // of a field that is not present, 0

  bool exists() const { return present != 0; }
  bool has(FieldIndex field) const { return (present >> field & 1) != 0; }
  std::int64_t get(FieldIndex field) const { return field < values.size() ? values[field] : 0; }
  void set(FieldIndex field, std::int64_t value);
  void remove(FieldIndex field);

  bool operator==(const Entity&) const = default;
};

enum class Compare : std::uint8_t {
  exists,  // the field, or the entity where no field is named
  absent,  // the same
  equal,   // these six compare a field; one that is absent meets none of them
  not_equal,
  less,
  less_equal,
  greater,
  greater_equal,
  version,     // of the entity; 0 where it never was
  now_before,  // the time of the decision, in milliseconds since 1970; has no entity
  // Adding `value` would leave the field within its bounds; an absent one counts as 0, as it does
  // for the step.
  has_room,
};

struct Guard {
  std::uint8_t entity = 0;  // index in Command::entities
  std::optional<FieldIndex> field;
  Compare compare = Compare::exists;
  std::int64_t value = 0;

  bool operator==(const Guard&) const = default;
};

enum class Operation : std::uint8_t {
  add,  // an absent field counts as 0 for these four
  sub,
  add_clamp,  // not above the bound; a value above it already stays
  sub_clamp,  // not below the bound; a value below it already stays
  set,
  max,  // the larger of the two; sets where absent
  min,
  set_if_absent,
  remove,  // the field, or the whole entity where no field is named
};

struct Step {
  std::uint8_t entity = 0;
  std::optional<FieldIndex> field;
  Operation operation = Operation::set;
  std::int64_t value = 0;  // add, sub and the clamps: at least 0
  // Of the clamps: a number, or another field of the same entity; else the field's own bound.
  std::optional<std::int64_t> bound;
  std::optional<FieldIndex> bound_field;

  bool operator==(const Step&) const = default;
};

struct Command {
  Key key;
  std::uint64_t fingerprint = 0;  // of all that the client sent but the deadline
  AccountId actor;                // who asks; none for a title's own server
  std::string reason;             // for the history: "raid.attack"
  std::vector<EntityName> entities;
  std::vector<Guard> guards;
  std::vector<Step> steps;

  bool operator==(const Command&) const = default;
};

// Commands that are decided together, all or none. Most have one. They share title and arena.
struct Chain {
  std::vector<Command> commands;
  // Not executed after this moment of the owner's monotonic clock; 0 for none.
  std::int64_t deadline_us = 0;
};

enum class Verdict : std::uint8_t {
  // Decided: stored under the key, the same for ever.
  applied = 1,
  rejected = 2,          // `guard` did not hold; the entities' values say why
  version_mismatch = 3,  // the guard that did not hold was one of a version
  linked_failed = 4,     // command `linked` of the chain failed
  // Not executed: nothing happened, and nothing is stored.
  overloaded = 16,
  not_owner = 17,
  invalid = 18,  // would overflow, or leave a field's bounds; or the chain is not one
  key_reuse = 19,
  key_too_old = 20,
  key_from_future = 21,
  // Nobody knows: look the key up.
  unknown = 32,
};

inline bool is_decided(Verdict verdict) { return verdict < Verdict::overloaded; }

// An entity as a command left or found it.
struct Seen {
  std::uint8_t entity = 0;  // index in Command::entities
  Entity state;

  bool operator==(const Seen&) const = default;
};

struct Outcome {
  Verdict verdict = Verdict::unknown;
  bool duplicate = false;    // decided when the key came for the first time
  std::uint64_t seq = 0;     // decided ones: the place in the shard's order
  std::int64_t time_ms = 0;  // decided ones: the `now` that guards saw
  std::uint8_t guard = 0;    // rejected and version_mismatch: index of the first that did not hold
  std::uint8_t linked = 0;   // linked_failed: index of the command that failed
  std::vector<Seen> entities;  // applied: all of the command's; rejected: that of the guard
  std::string message;         // not executed: for people

  bool operator==(const Outcome&) const = default;
};

}  // namespace matsuri::sequencer
