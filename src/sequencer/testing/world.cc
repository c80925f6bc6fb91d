// Makes them so that guards hold about as often as not, and borders are met.
#include "sequencer/testing/world.h"

#include <limits>
#include <utility>

#include "io/clock.h"
#include "sequencer/days.h"

namespace matsuri::sequencer {

namespace {

std::int64_t pick_value(std::mt19937_64& random) {
  constexpr std::int64_t values[] = {0,   1,   2,   50,   99,
                                     100, 101, 150, 1000, std::numeric_limits<std::int64_t>::max()};
  return values[random() % std::size(values)];
}

template <class T>
T pick(std::mt19937_64& random, std::initializer_list<T> from) {
  return from.begin()[random() % from.size()];
}

FieldIndex pick_field(std::mt19937_64& random, KindIndex kind) {
  return static_cast<FieldIndex>(random() % test_schema().kinds[kind].fields.size());
}

Guard any_guard(std::mt19937_64& random, const Command& command, std::int64_t now_ms) {
  Guard guard;
  guard.compare = static_cast<Compare>(random() % 11);
  if (guard.compare == Compare::now_before) {
    guard.value = now_ms + static_cast<std::int64_t>(random() % 2000) - 200;
    return guard;
  }
  guard.entity = static_cast<std::uint8_t>(random() % command.entities.size());
  if (guard.compare == Compare::version) {
    guard.value = static_cast<std::int64_t>(random() % 12);
    return guard;
  }
  const bool whole = guard.compare <= Compare::absent && random() % 2 == 0;
  if (!whole) guard.field = pick_field(random, command.entities[guard.entity].kind);
  guard.value = pick_value(random);
  return guard;
}

Step any_step(std::mt19937_64& random, const Command& command) {
  Step step;
  step.operation = static_cast<Operation>(random() % 9);
  step.entity = static_cast<std::uint8_t>(random() % command.entities.size());
  const KindIndex kind = command.entities[step.entity].kind;
  if (step.operation != Operation::remove || random() % 2 == 0)
    step.field = pick_field(random, kind);
  step.value = pick_value(random);
  if (step.operation >= Operation::set && random() % 8 == 0) step.value = -step.value;
  if (step.operation == Operation::add_clamp || step.operation == Operation::sub_clamp) {
    switch (random() % 3) {
      case 0:
        step.bound = pick_value(random);
        break;
      case 1:
        step.bound_field = pick_field(random, kind);
        break;
      default:
        break;
    }
  }
  return step;
}

}  // namespace

Schema test_schema() {
  return {
      {{"player", {{"hp", 0, 1000}, {"max_hp", 0, 1000}, {"gold"}}}, {"boss", {{"hp", 0, 5000}}}}};
}

Schemas test_schemas() {
  return [schema = std::make_shared<const Schema>(test_schema())](
             TitleId title) -> std::shared_ptr<const Schema> {
    return title == test_title ? schema : nullptr;
  };
}

Key Keys::make(std::int64_t unix_ms) {
  Key key;
  for (std::size_t i = 0; i < 6; ++i)
    key.bytes[i] = static_cast<std::uint8_t>(unix_ms >> (40 - 8 * i));
  for (std::size_t i = 6; i < 16; ++i) key.bytes[i] = static_cast<std::uint8_t>(random_());
  key.bytes[6] = static_cast<std::uint8_t>((key.bytes[6] & 0x0f) | 0x70);
  key.bytes[8] = static_cast<std::uint8_t>((key.bytes[8] & 0x3f) | 0x80);
  return key;
}

EntityName name_of(const std::string& arena, KindIndex kind, const std::string& id) {
  return {test_title, arena, kind, id};
}

std::uint64_t fingerprint_of(const Command& command) {
  std::uint64_t hash = 0xcbf29ce484222325U;
  const auto mix = [&](std::uint64_t value) { hash = (hash ^ value) * 0x100000001b3U; };
  for (const EntityName& name : command.entities) {
    mix(std::hash<std::string>()(name.id));
    mix(std::hash<std::string>()(name.arena));
    mix(name.kind);
  }
  for (const Guard& guard : command.guards) {
    mix(guard.entity);
    mix(guard.field.value_or(255));
    mix(static_cast<std::uint64_t>(guard.compare));
    mix(static_cast<std::uint64_t>(guard.value));
  }
  for (const Step& step : command.steps) {
    mix(step.entity);
    mix(step.field.value_or(255));
    mix(static_cast<std::uint64_t>(step.operation));
    mix(static_cast<std::uint64_t>(step.value));
  }
  return hash;
}

Command attack(const Key& key, const EntityName& target, std::int64_t amount) {
  Command command{.key = key, .reason = "raid.attack", .entities = {target}};
  command.guards.push_back({.field = hp, .compare = Compare::greater, .value = 0});
  command.steps.push_back({.field = hp, .operation = Operation::sub_clamp, .value = amount});
  command.fingerprint = fingerprint_of(command);
  return command;
}

Command heal(const Key& key, const EntityName& target, std::int64_t amount) {
  Command command{.key = key, .reason = "raid.heal", .entities = {target}};
  command.guards.push_back({.field = hp, .compare = Compare::greater, .value = 0});
  command.steps.push_back(
      {.field = hp, .operation = Operation::add_clamp, .value = amount, .bound_field = max_hp});
  command.fingerprint = fingerprint_of(command);
  return command;
}

Command born(const Key& key, const EntityName& name, std::int64_t hit_points) {
  Command command{.key = key, .reason = "born", .entities = {name}};
  command.guards.push_back({.compare = Compare::absent});
  command.steps.push_back({.field = hp, .operation = Operation::set, .value = hit_points});
  if (name.kind == player)
    command.steps.push_back({.field = max_hp, .operation = Operation::set, .value = hit_points});
  command.fingerprint = fingerprint_of(command);
  return command;
}

Command any_command(std::mt19937_64& random, const Key& key, const std::string& arena,
                    std::int64_t now_ms) {
  const EntityName target = name_of(arena, random() % 4 == 0 ? boss : player,
                                    std::string(1, static_cast<char>('p' + random() % 3)));
  const auto amount = static_cast<std::int64_t>(random() % 120);
  switch (random() % 6) {
    case 0:
      return born(key, target, 150);
    case 1:
      return attack(key, target, amount);
    case 2:
      if (target.kind == player) return heal(key, target, amount);
      break;
    default:
      break;
  }
  Command command{.key = key, .actor = AccountId{random() % 5}, .reason = "any"};
  command.entities.push_back(target);
  const EntityName other = name_of(arena, random() % 2 == 0 ? boss : player, "q");
  if (other != target && random() % 2 == 0) command.entities.push_back(other);
  for (std::size_t i = random() % 3; i > 0; --i)
    command.guards.push_back(any_guard(random, command, now_ms));
  for (std::size_t i = random() % 4; i > 0; --i) command.steps.push_back(any_step(random, command));
  command.fingerprint = fingerprint_of(command);
  return command;
}

Result<void> drop_days_until_now(sql::Db& shard) {
  std::uint64_t epoch = 0;
  TRY(shard.read_and_wait([&](sql::Connection& connection) -> Result<void> {
    TRY_ASSIGN(const auto found, connection.integer("SELECT epoch FROM shard WHERE id = 1"));
    epoch = static_cast<std::uint64_t>(found.value_or(0));
    return {};
  }));
  const std::int64_t later_ms = io::system_clock().unix_ms() + std::int64_t{21} * 86'400'000;
  TRY_ASSIGN(const auto days, Days::open(shard, {}, later_ms));
  return days->pass(epoch, later_ms, later_ms);
}

}  // namespace matsuri::sequencer
