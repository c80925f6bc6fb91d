// What commands of games add up to: the measures of docs/analytics.md, as sums that may be taken in
// parts. Pure: no database, no clock.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "analytics/zone.h"
#include "base/result.h"
#include "json/value.h"
#include "model/ids.h"

namespace matsuri::analytics {

// How commands may end, in the order of their counts; the first is the one that changes something.
inline constexpr std::array<std::string_view, 4> verdict_names = {
    "applied", "rejected", "version_mismatch", "linked_failed"};
inline constexpr std::size_t applied = 0;
using Counts = std::array<std::uint64_t, verdict_names.size()>;

struct EntityKey {
  std::uint64_t title = 0;
  std::string arena, kind, id;
  auto operator<=>(const EntityKey&) const = default;
};
using Fields = std::map<std::string, std::int64_t, std::less<>>;  // those that are there

// Code::invalid for a field that is no number of 64 bits.
Result<Fields> read_fields(const json::Object& object);

// A decided command.
struct Decided {
  std::uint64_t seq = 0;
  std::uint32_t slot = 0;
  TitleId title;
  std::string arena;
  AccountId actor;
  std::string reason;
  std::int64_t unix_ms = 0;
  std::size_t verdict = applied;                       // index in verdict_names
  std::vector<std::pair<EntityKey, Fields>> entities;  // of an applied one, as it left them
};
// Fills in what the stored outcome says. Code::corrupt where it can't be read.
// REQUIRES: title and arena are there.
Result<void> read_outcome(std::string_view json, Decided& command);

// Sums stop at the largest number of 64 bits.
struct Flow {
  std::uint64_t amount_in = 0;   // sum of increases
  std::uint64_t amount_out = 0;  // sum of decreases
};
inline constexpr std::uint64_t amount_max = INT64_MAX;
constexpr std::uint64_t add_up(std::uint64_t sum, std::uint64_t amount) {
  return amount > amount_max - sum ? amount_max : sum + amount;
}

struct Span {
  std::int64_t first_ms = 0;
  std::int64_t last_ms = 0;
};

using Title = std::uint64_t;
using Account = std::uint64_t;
using Text = std::string;

// What is to be added to the tables of schema.cc, which have the same keys.
struct Sums {
  std::set<std::tuple<Title, Account, Day>> active;
  std::map<std::tuple<Title, Day, Text>, Counts> commands;           // by reason
  std::map<std::tuple<Title, Text>, Span> arenas;                    // of applied commands
  std::map<std::tuple<Title, Text, Text>, Counts> arena_commands;    // by arena and reason
  std::set<std::tuple<Title, Text, Account>> participants;           // by arena
  std::map<std::tuple<Title, Day, Text, Text, Text>, Flow> economy;  // by kind, field and reason
  std::map<EntityKey, Fields> entities;  // as the last command left them; none: it is gone
};

// Adds commands, which stand in the order of their arenas. `sums.entities` has their entities as
// they were before, and then as they are.
void fold(const std::vector<Decided>& commands, const Zone& zone, Sums& sums);

}  // namespace matsuri::analytics
