// What a title says of its game state: kinds of entities, and what players may do to them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/ids.h"
#include "sequencer/command.h"
#include "sequencer/schema.h"

namespace matsuri::game {

using TitleKeyId = Id<struct TitleKeyTag>;

inline constexpr std::size_t title_key_count_max = 8;  // of a title that may be valid at once
inline constexpr std::size_t key_name_points_max = 40;
inline constexpr std::size_t key_name_size_max = 160;
inline constexpr std::size_t rule_step_count_max = 32;   // of a kind
inline constexpr std::size_t rule_guard_count_max = 16;  // of a kind, and of each step
inline constexpr std::size_t title_kind_count_max = 64;  // beside the one that holds are of
inline constexpr std::size_t schema_size_max = 256U << 10;
inline constexpr std::int64_t player_token_ms_max = std::int64_t{24} * 3600 * 1000;

// Who holds a title key.
enum class KeyKind : std::uint8_t {
  server = 0,  // the title's own servers: everything in their title
  client = 1,  // game builds, and so everybody: proves nothing without a player beside it
};
std::string_view name_of(KeyKind kind);
Result<KeyKind> parse_key_kind(std::string_view name);
// 1 to 40 code points on one line.
Result<std::string> clean_key_name(std::string_view name);

struct TitleKey {
  TitleKeyId id;
  KeyKind kind = KeyKind::client;
  std::string name;
  std::int64_t created_unix_ms = 0;
};

// Which entities of a kind a player may change.
enum class Which : std::uint8_t {
  none,  // nor even see
  read,
  own,  // those whose id is the account's; others may be seen
  any,
};
std::string_view name_of(Which which);
Result<Which> parse_which(std::string_view name);

// A guard that a player's command has to carry.
struct NeededGuard {
  std::optional<sequencer::FieldIndex> field;
  sequencer::Compare compare = sequencer::Compare::exists;
  std::int64_t value = 0;

  bool operator==(const NeededGuard&) const = default;
};

// A step that a player may take. The bound of a clamp has to be the same: it is part of what the
// step means.
struct AllowedStep {
  std::optional<sequencer::FieldIndex> field;
  sequencer::Operation operation = sequencer::Operation::add;
  std::int64_t value_min = 0;
  std::int64_t value_max = 0;
  std::optional<std::int64_t> bound;
  std::optional<sequencer::FieldIndex> bound_field;
  std::vector<NeededGuard> guards;  // for the entity that it changes

  bool operator==(const AllowedStep&) const = default;
};

struct PlayerRule {
  Which which = Which::none;
  std::vector<AllowedStep> steps;
  std::vector<NeededGuard> guards;  // for each entity of the kind that a command changes

  bool operator==(const PlayerRule&) const = default;
};

struct TitleSchema {
  sequencer::Schema schema;
  std::vector<PlayerRule> players;  // one a kind

  bool operator==(const TitleSchema&) const = default;
};

// Code::invalid names the first thing that is wrong.
Result<void> check(const TitleSchema& schema);

// May a player do this? Code::invalid says why not. REQUIRES: sequencer::check(command).
Result<void> check_player(const sequencer::Command& command, const TitleSchema& schema,
                          AccountId player);

// As the API writes them: ">", "sub_clamp".
std::string_view name_of(sequencer::Compare compare);
std::string_view name_of(sequencer::Operation operation);
std::string_view name_of(sequencer::Verdict verdict);
std::optional<sequencer::Compare> parse_compare(std::string_view name);
std::optional<sequencer::Operation> parse_operation(std::string_view name);

// A key as 8-4-4-4-12 hexadecimal digits; letters of both cases are taken, small ones are given.
std::string to_string(const sequencer::Key& key);
std::optional<sequencer::Key> parse_key(std::string_view text);

}  // namespace matsuri::game
