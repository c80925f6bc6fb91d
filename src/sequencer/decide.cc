// Guards and steps. Nothing here knows of time, databases or other commands, so that every rule of
// the game world can be read, and tested, in one place.
#include "sequencer/decide.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/assert.h"
#include "base/sentence.h"

namespace matsuri::sequencer {

namespace {

bool compares_field(Compare compare) {
  return (compare >= Compare::equal && compare <= Compare::greater_equal) ||
         compare == Compare::has_room;
}

bool is_clamp(Operation operation) {
  return operation == Operation::add_clamp || operation == Operation::sub_clamp;
}

Error wrong(std::string_view what, std::size_t index, std::string_view why) {
  return Error(Code::invalid, sentence(what, "[", index, "]: ", why));
}

Result<void> check_names(const Command& command, const Schema& schema) {
  if (command.entities.size() > entity_count_max)
    return Error(Code::invalid, sentence("a command has at most ", entity_count_max, " entities"));
  for (std::size_t i = 0; i < command.entities.size(); ++i) {
    const EntityName& name = command.entities[i];
    if (name.kind >= schema.kinds.size()) return wrong("entities", i, "there is no such kind");
    if (name.id.empty() || name.id.size() > entity_id_size_max)
      return wrong("entities", i, sentence("an id has 1 to ", entity_id_size_max, " bytes"));
    if (name.arena.empty() || name.arena.size() > arena_size_max)
      return wrong("entities", i, sentence("an arena has 1 to ", arena_size_max, " bytes"));
    const EntityName& first = command.entities.front();
    if (name.title != first.title || name.arena != first.arena)
      return wrong("entities", i, "all entities of a command are in one arena");
    for (std::size_t j = 0; j < i; ++j)
      if (command.entities[j] == name) return wrong("entities", i, "stands twice");
  }
  return {};
}

// Gives the kind of the entity at `index`, if there is one and it has `field`.
Result<const Kind*> kind_of(const Command& command, const Schema& schema, std::uint8_t index,
                            std::optional<FieldIndex> field) {
  if (index >= command.entities.size()) return Error(Code::invalid, "there is no such entity");
  const Kind& kind = schema.kinds[command.entities[index].kind];
  if (field && *field >= kind.fields.size()) return Error(Code::invalid, "there is no such field");
  return &kind;
}

Result<void> check_guard(const Command& command, const Schema& schema, const Guard& guard) {
  if (guard.compare == Compare::now_before) {
    if (guard.field) return Error(Code::invalid, "a guard of the time has no field");
    return {};
  }
  TRY(kind_of(command, schema, guard.entity, guard.field));
  if (compares_field(guard.compare) && !guard.field)
    return Error(Code::invalid, "a comparison names a field");
  if (guard.compare == Compare::version) {
    if (guard.field) return Error(Code::invalid, "a version is of the entity, not of a field");
    if (guard.value < 0) return Error(Code::invalid, "a version is 0 or more");
  }
  if (guard.compare == Compare::has_room && guard.value < 0)
    return Error(Code::invalid, "room is for 0 or more");
  return {};
}

Result<void> check_step(const Command& command, const Schema& schema, const Step& step) {
  TRY_ASSIGN(const Kind* kind, kind_of(command, schema, step.entity, step.field));
  if (!step.field && step.operation != Operation::remove)
    return Error(Code::invalid, "a step names a field; only remove may do without");
  const bool bounded = step.bound || step.bound_field;
  if (bounded && !is_clamp(step.operation))
    return Error(Code::invalid, "only add_clamp and sub_clamp have a bound");
  if (step.bound && step.bound_field)
    return Error(Code::invalid, "a bound is a number or a field, not both");
  if (step.bound_field && *step.bound_field >= kind->fields.size())
    return Error(Code::invalid, "there is no such field to be the bound");
  if (step.operation <= Operation::sub_clamp && step.value < 0)
    return Error(Code::invalid, "add and sub take 0 or more");
  return {};
}

std::optional<std::int64_t> sum(std::int64_t a, std::int64_t b) {
  std::int64_t result = 0;
  if (__builtin_add_overflow(a, b, &result)) return std::nullopt;
  return result;
}

bool has_room(const Guard& guard, const Entity& entity, const Field& field) {
  const auto after = sum(entity.get(*guard.field), guard.value);
  return after && *after >= field.min && *after <= field.max;
}

bool holds(const Guard& guard, const Entity& entity, const Kind& kind, std::int64_t now_ms) {
  switch (guard.compare) {
    case Compare::exists:
      return guard.field ? entity.has(*guard.field) : entity.exists();
    case Compare::absent:
      return guard.field ? !entity.has(*guard.field) : !entity.exists();
    case Compare::version:
      return entity.version == static_cast<std::uint64_t>(guard.value);
    case Compare::now_before:
      return now_ms < guard.value;
    case Compare::has_room:
      return has_room(guard, entity, kind.fields[*guard.field]);
    default:
      break;
  }
  if (!entity.has(*guard.field)) return false;
  const std::int64_t value = entity.get(*guard.field);
  switch (guard.compare) {
    case Compare::equal:
      return value == guard.value;
    case Compare::not_equal:
      return value != guard.value;
    case Compare::less:
      return value < guard.value;
    case Compare::less_equal:
      return value <= guard.value;
    case Compare::greater:
      return value > guard.value;
    case Compare::greater_equal:
      return value >= guard.value;
    default:
      return false;
  }
}

std::optional<std::int64_t> difference(std::int64_t a, std::int64_t b) {
  std::int64_t result = 0;
  if (__builtin_sub_overflow(a, b, &result)) return std::nullopt;
  return result;
}

// nullopt where the bound is a field that is absent.
std::optional<std::int64_t> bound_of(const Step& step, const Entity& entity, const Field& field) {
  if (step.bound) return step.bound;
  if (!step.bound_field) return step.operation == Operation::add_clamp ? field.max : field.min;
  if (!entity.has(*step.bound_field)) return std::nullopt;
  return entity.get(*step.bound_field);
}

// The field's value after the step; nullopt where there is none: an overflow, or no bound.
std::optional<std::int64_t> value_after(const Step& step, const Entity& entity,
                                        const Field& field) {
  const std::int64_t now = entity.get(*step.field);
  const bool there = entity.has(*step.field);
  switch (step.operation) {
    case Operation::add:
      return sum(now, step.value);
    case Operation::sub:
      return difference(now, step.value);
    case Operation::add_clamp: {
      const auto bound = bound_of(step, entity, field);
      if (!bound) return std::nullopt;
      return std::max(now, std::min(sum(now, step.value).value_or(*bound), *bound));
    }
    case Operation::sub_clamp: {
      const auto bound = bound_of(step, entity, field);
      if (!bound) return std::nullopt;
      return std::min(now, std::max(difference(now, step.value).value_or(*bound), *bound));
    }
    case Operation::set:
      return step.value;
    case Operation::max:
      return there ? std::max(now, step.value) : step.value;
    case Operation::min:
      return there ? std::min(now, step.value) : step.value;
    case Operation::set_if_absent:
      return there ? now : step.value;
    case Operation::remove:
      break;
  }
  return std::nullopt;
}

// Takes one step. False where the command is invalid; then `message` says why.
bool take(const Step& step, const Kind& kind, Entity& entity, std::string& message) {
  if (step.operation == Operation::remove) {
    if (step.field) {
      entity.remove(*step.field);
    } else {
      entity.present = 0;
      entity.values.clear();
    }
    return true;
  }
  const Field& field = kind.fields[*step.field];
  const std::optional<std::int64_t> value = value_after(step, entity, field);
  if (!value) {
    message =
        sentence(kind.name, ".", field.name, ": the value would overflow, or its bound is absent");
    return false;
  }
  if (*value < field.min || *value > field.max) {
    message = sentence(kind.name, ".", field.name, ": ", *value, " is not within ", field.min,
                       " and ", field.max);
    return false;
  }
  entity.set(*step.field, *value);
  return true;
}

}  // namespace

Result<void> check(const Command& command, const Schema& schema) {
  if (!command.key.is_uuid_v7()) return Error(Code::invalid, "key: is not a UUIDv7");
  if (command.reason.size() > reason_size_max)
    return Error(Code::invalid, sentence("reason: has at most ", reason_size_max, " bytes"));
  if (command.entities.empty())
    return Error(Code::invalid, "entities: a command names one at least");
  TRY(check_names(command, schema));
  if (command.guards.size() > guard_count_max)
    return Error(Code::invalid, sentence("a command has at most ", guard_count_max, " guards"));
  if (command.steps.size() > step_count_max)
    return Error(Code::invalid, sentence("a command has at most ", step_count_max, " steps"));
  for (std::size_t i = 0; i < command.guards.size(); ++i)
    TRY(within(sentence("guards[", i, "]"), check_guard(command, schema, command.guards[i])));
  for (std::size_t i = 0; i < command.steps.size(); ++i)
    TRY(within(sentence("steps[", i, "]"), check_step(command, schema, command.steps[i])));
  return {};
}

Result<void> check(const Chain& chain, const Schema& schema) {
  if (chain.commands.empty() || chain.commands.size() > chain_count_max)
    return Error(Code::invalid, sentence("1 to ", chain_count_max, " commands may be linked"));
  for (std::size_t i = 0; i < chain.commands.size(); ++i) {
    const Command& command = chain.commands[i];
    TRY(check(command, schema));
    const EntityName& first = chain.commands.front().entities.front();
    const EntityName& here = command.entities.front();
    if (here.title != first.title || here.arena != first.arena)
      return Error(Code::invalid, "linked commands are all in one arena");
    for (std::size_t j = 0; j < i; ++j)
      if (chain.commands[j].key == command.key)
        return Error(Code::invalid, "key: stands twice among linked commands");
  }
  return {};
}

Decision decide(const Command& command, std::span<const Entity> before, const Schema& schema,
                std::int64_t now_ms) {
  MATSURI_ASSERT(before.size() == command.entities.size());
  Decision decision;
  Outcome& outcome = decision.outcome;
  outcome.time_ms = now_ms;

  for (std::size_t i = 0; i < command.guards.size(); ++i) {
    const Guard& guard = command.guards[i];
    const Kind& kind = schema.kinds[command.entities[guard.entity].kind];
    if (holds(guard, before[guard.entity], kind, now_ms)) continue;
    outcome.verdict =
        guard.compare == Compare::version ? Verdict::version_mismatch : Verdict::rejected;
    outcome.guard = static_cast<std::uint8_t>(i);
    if (guard.compare != Compare::now_before)
      outcome.entities.push_back({guard.entity, before[guard.entity]});
    return decision;
  }

  std::vector<Entity> after(before.begin(), before.end());
  for (const Step& step : command.steps) {
    Entity& entity = after[step.entity];
    const Kind& kind = schema.kinds[command.entities[step.entity].kind];
    if (!take(step, kind, entity, outcome.message)) {
      outcome.verdict = Verdict::invalid;
      return decision;
    }
    entity.version = before[step.entity].version + 1;
  }
  outcome.verdict = Verdict::applied;
  for (std::size_t i = 0; i < after.size(); ++i)
    outcome.entities.push_back({static_cast<std::uint8_t>(i), after[i]});
  decision.after = std::move(after);
  return decision;
}

}  // namespace matsuri::sequencer
