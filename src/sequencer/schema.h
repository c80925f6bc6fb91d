// What a title's game state is made of: kinds of entities and their fields, with bounds.
//
// Names are for people and for the wire. Inside, a kind and a field are small numbers that never
// change once they are registered, so that deciding a command compares integers alone.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace matsuri::sequencer {

inline constexpr std::size_t kind_count_max = 65;
inline constexpr std::size_t field_count_max = 64;  // of one kind: one bit each in Entity::present
inline constexpr std::size_t name_size_max = 32;    // bytes of [a-z][a-z0-9_]*

using KindIndex = std::uint8_t;
using FieldIndex = std::uint8_t;

struct Field {
  std::string name;
  // What a step may never leave. A command that would is Code invalid, whatever its guards say.
  std::int64_t min = std::numeric_limits<std::int64_t>::min();
  std::int64_t max = std::numeric_limits<std::int64_t>::max();

  bool operator==(const Field&) const = default;
};

struct Kind {
  std::string name;
  std::vector<Field> fields;

  std::optional<FieldIndex> find(std::string_view field) const;
  bool operator==(const Kind&) const = default;
};

struct Schema {
  std::vector<Kind> kinds;

  std::optional<KindIndex> find(std::string_view kind) const;
  bool operator==(const Schema&) const = default;
};

// Code::invalid names the first thing that is wrong: a name twice or of other characters, too many
// kinds or fields, none at all, min above max.
Result<void> check(const Schema& schema);

// May `next` follow `now`? Kinds and fields may be added behind those that are there, and bounds
// may widen: stored values keep their meaning, and none is out of bounds. Else Code::conflict.
Result<void> check_change(const Schema& now, const Schema& next);

}  // namespace matsuri::sequencer
