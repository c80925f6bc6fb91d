// See model.h. Slow and obvious on purpose.
#include "sequencer/testing/model.h"

#include <set>

namespace matsuri::sequencer {

namespace {

using Wide = __int128;

Entity at(const std::map<EntityName, Entity>& world, const EntityName& name) {
  const auto it = world.find(name);
  return it == world.end() ? Entity{} : it->second;
}

}  // namespace

Entity Model::entity(const EntityName& name) const { return at(entities_, name); }

std::vector<Outcome> Model::run(const std::vector<Command>& linked, std::uint64_t seq,
                                std::int64_t now_ms) {
  World world = entities_;
  std::vector<Outcome> outcomes;
  for (const Command& command : linked) {
    Outcome outcome = decide(command, world, now_ms);
    if (outcome.verdict == Verdict::invalid) {
      Outcome invalid;
      invalid.verdict = Verdict::invalid;
      return std::vector<Outcome>(linked.size(), invalid);
    }
    const bool failed = outcome.verdict != Verdict::applied;
    if (failed) {
      Outcome others;
      others.verdict = Verdict::linked_failed;
      others.time_ms = now_ms;
      others.linked = static_cast<std::uint8_t>(outcomes.size());
      const std::size_t index = outcomes.size();
      outcomes.assign(linked.size(), others);
      outcomes[index] = outcome;
      world = entities_;
      break;
    }
    outcomes.push_back(outcome);
  }
  for (Outcome& outcome : outcomes) outcome.seq = seq++;
  entities_ = world;
  return outcomes;
}

Outcome Model::decide(const Command& command, World& world, std::int64_t now_ms) const {
  Outcome outcome;
  outcome.time_ms = now_ms;
  for (std::size_t i = 0; i < command.guards.size(); ++i) {
    const Guard& guard = command.guards[i];
    if (holds(guard, command, world, now_ms)) continue;
    outcome.verdict =
        guard.compare == Compare::version ? Verdict::version_mismatch : Verdict::rejected;
    outcome.guard = static_cast<std::uint8_t>(i);
    if (guard.compare != Compare::now_before)
      outcome.entities.push_back({guard.entity, at(world, command.entities[guard.entity])});
    return outcome;
  }
  World after = world;
  std::set<EntityName> changed;
  for (const Step& step : command.steps) {
    if (!take(step, command, after)) {
      outcome.verdict = Verdict::invalid;
      return outcome;
    }
    changed.insert(command.entities[step.entity]);
  }
  for (const EntityName& name : changed) after[name].version = at(world, name).version + 1;
  world = after;
  outcome.verdict = Verdict::applied;
  for (std::size_t i = 0; i < command.entities.size(); ++i)
    outcome.entities.push_back({static_cast<std::uint8_t>(i), at(world, command.entities[i])});
  return outcome;
}

bool Model::holds(const Guard& guard, const Command& command, const World& world,
                  std::int64_t now_ms) const {
  if (guard.compare == Compare::now_before) return now_ms < guard.value;
  const Entity entity = at(world, command.entities[guard.entity]);
  if (guard.compare == Compare::version) return Wide(entity.version) == Wide(guard.value);
  const bool there = guard.field ? (entity.present >> *guard.field) % 2 == 1 : entity.present != 0;
  if (guard.compare == Compare::exists) return there;
  if (guard.compare == Compare::absent) return !there;
  if (guard.compare == Compare::has_room) {
    const Field& field = schema_.kinds.at(command.entities[guard.entity].kind).fields[*guard.field];
    const Wide sum = Wide(there ? entity.values[*guard.field] : 0) + Wide(guard.value);
    return sum >= Wide(field.min) && sum <= Wide(field.max);
  }
  if (!there) return false;
  const std::int64_t value = entity.values[*guard.field];
  if (guard.compare == Compare::equal) return value == guard.value;
  if (guard.compare == Compare::not_equal) return value != guard.value;
  if (guard.compare == Compare::less) return value < guard.value;
  if (guard.compare == Compare::less_equal) return value <= guard.value;
  if (guard.compare == Compare::greater) return value > guard.value;
  return value >= guard.value;
}

bool Model::take(const Step& step, const Command& command, World& world) const {
  const EntityName& name = command.entities[step.entity];
  Entity& entity = world[name];
  // Fields as a map, so that nothing is shared with how an Entity keeps them.
  std::map<int, Wide> fields;
  for (int f = 0; f < 64; ++f)
    if ((entity.present >> f) % 2 == 1) fields[f] = entity.values[static_cast<std::size_t>(f)];

  if (step.operation == Operation::remove) {
    if (step.field)
      fields.erase(*step.field);
    else
      fields.clear();
  } else {
    const Field& field = schema_.kinds.at(name.kind).fields.at(*step.field);
    const bool there = fields.contains(*step.field);
    const Wide old = there ? fields[*step.field] : 0;
    const Wide value = step.value;
    const bool up = step.operation == Operation::add_clamp;
    Wide bound = up ? field.max : field.min;
    if (step.bound) bound = *step.bound;
    if (step.bound_field) {
      if (!fields.contains(*step.bound_field)) return false;
      bound = fields[*step.bound_field];
    }
    Wide next = value;
    switch (step.operation) {
      case Operation::add:
        next = old + value;
        break;
      case Operation::sub:
        next = old - value;
        break;
      case Operation::add_clamp:
        next = old >= bound ? old : (old + value > bound ? bound : old + value);
        break;
      case Operation::sub_clamp:
        next = old <= bound ? old : (old - value < bound ? bound : old - value);
        break;
      case Operation::max:
        if (there && old > value) next = old;
        break;
      case Operation::min:
        if (there && old < value) next = old;
        break;
      case Operation::set_if_absent:
        if (there) next = old;
        break;
      default:
        break;
    }
    if (next < field.min || next > field.max) return false;
    fields[*step.field] = next;
  }
  entity.present = 0;
  entity.values.clear();
  for (const auto& [f, value] : fields) {
    entity.values.resize(static_cast<std::size_t>(f) + 1);
    entity.values[static_cast<std::size_t>(f)] = static_cast<std::int64_t>(value);
    entity.present |= std::uint64_t{1} << f;
  }
  return true;
}

}  // namespace matsuri::sequencer
