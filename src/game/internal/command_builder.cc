#include "game/internal/command_builder.h"

#include <cstring>

#include "game/trade.h"
#include "sequencer/decide.h"

namespace matsuri::game {
namespace {

using sequencer::Command;
using sequencer::Compare;
using sequencer::EntityName;
using sequencer::FieldIndex;
using sequencer::Guard;
using sequencer::Kind;
using sequencer::Operation;
using sequencer::Step;

// Of all that the sender said but the deadline. Stored with the key: never changed.
class Fingerprint {
 public:
  void add(std::uint64_t value) {
    hash_ = (hash_ ^ value) * 0x9e3779b97f4a7c15U;
    hash_ ^= hash_ >> 32;
  }
  void add(std::string_view text) {
    add(text.size());
    for (; text.size() >= 8; text.remove_prefix(8)) {
      std::uint64_t word = 0;
      std::memcpy(&word, text.data(), 8);
      add(word);
    }
    std::uint64_t word = 0;
    std::memcpy(&word, text.data(), text.size());
    add(word);
  }
  std::uint64_t value() const { return hash_; }

 private:
  std::uint64_t hash_ = 0xcbf29ce484222325U;
};

std::uint64_t number_of(std::optional<FieldIndex> field) { return field ? *field + 1U : 0U; }

std::uint64_t fingerprint_of(const Command& command, const Sender& sender, bool is_linked) {
  Fingerprint print;
  print.add(sender.title.value);
  print.add(sender.player.value);
  print.add(command.entities.front().arena);
  print.add(command.reason);
  print.add(command.entities.size() << 1 | (is_linked ? 1U : 0U));
  for (const EntityName& name : command.entities) {
    print.add(name.kind);
    print.add(name.id);
  }
  print.add(command.guards.size());
  for (const Guard& guard : command.guards) {
    print.add(guard.entity | number_of(guard.field) << 8 |
              static_cast<std::uint64_t>(guard.compare) << 16);
    print.add(static_cast<std::uint64_t>(guard.value));
  }
  for (const Step& step : command.steps) {
    print.add(step.entity | number_of(step.field) << 8 |
              static_cast<std::uint64_t>(step.operation) << 16 | number_of(step.bound_field) << 24 |
              (step.bound ? 1U : 0U) << 31);
    print.add(static_cast<std::uint64_t>(step.value));
    print.add(static_cast<std::uint64_t>(step.bound.value_or(0)));
  }
  return print.value();
}

bool is_plain(std::string_view text) {
  for (const char c : text)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) return false;
  return true;
}

}  // namespace

bool CommandBuilder::head(const WrittenHead& head) {
  if (!sent_.has_key) return fail(head.has_key ? "key: is not a UUID" : "key: is missing");
  if (!head.arena) return fail("arena: is missing");
  arena_ = *head.arena;
  if (!is_plain(arena_)) return fail("arena: control characters are not taken");
  if (!is_plain(head.reason)) return fail("reason: control characters are not taken");
  sent_.command.reason = head.reason;
  if (!head.deadline_ms) return true;
  sent_.deadline_ms = *head.deadline_ms;
  if (sent_.deadline_ms < 1 || sent_.deadline_ms > deadline_ms_max)
    return fail(sentence("deadline_ms: 1 to ", deadline_ms_max, " is taken"));
  return true;
}

bool CommandBuilder::entity(const WrittenEntity& entity) {
  if (!is_plain(entity.id)) return fail("id: control characters are not taken");
  const auto kind = schema_.schema.find(entity.kind);
  if (!kind) return fail("kind: the title has none of that name");
  sent_.command.entities.push_back({.title = sender_.title,
                                    .arena = std::string(arena_),
                                    .kind = *kind,
                                    .id = std::string(entity.id)});
  return true;
}

bool CommandBuilder::guard(const WrittenGuard& written) {
  if (!written.is) return fail("is: is none that is known here");
  Guard& guard = sent_.command.guards.emplace_back();
  guard.compare = *written.is;
  if (guard.compare == Compare::now_before) {
    if (written.entity || written.field) return fail("now< has no entity and no field");
  } else {
    const Kind* const kind = kind_of(written.entity, guard.entity);
    if (kind == nullptr || !field_of(written.field, *kind, guard.field)) return false;
  }
  if (guard.compare < Compare::equal)
    return !written.value || fail("value: exists and absent have none");
  if (!written.value) return fail("value: is missing");
  guard.value = *written.value;
  return true;
}

bool CommandBuilder::step(const WrittenStep& written) {
  if (!written.operation) return fail("do: is none that is known here");
  Step& step = sent_.command.steps.emplace_back();
  step.operation = *written.operation;
  const Kind* const kind = kind_of(written.entity, step.entity);
  if (kind != nullptr && sent_.command.entities[step.entity].kind == hold_kind)
    return fail("only trades change a hold");
  if (kind == nullptr || !field_of(written.field, *kind, step.field) ||
      !field_of(written.bound_field, *kind, step.bound_field))
    return false;
  step.bound = written.bound;
  if (step.operation == Operation::remove) return !written.value || fail("value: remove has none");
  if (!written.value) return fail("value: is missing");
  step.value = *written.value;
  return true;
}

bool CommandBuilder::finish() {
  Command& command = sent_.command;
  if (const Result<void> checked = sequencer::check(command, schema_.schema); !checked.ok())
    return fail(checked.error().message());
  if (sender_.player) {
    if (const Result<void> checked = check_player(command, schema_, sender_.player); !checked.ok())
      return fail(checked.error().message());
  }
  command.actor = sender_.player;
  command.fingerprint = fingerprint_of(command, sender_, sent_.is_linked);
  return true;
}

// The kind of the entity at an index; null, and `wrong_` says why, where there is none.
const Kind* CommandBuilder::kind_of(std::optional<std::int64_t> index, std::uint8_t& entity) {
  if (!index) {
    wrong_ = "entity: is missing";
  } else if (*index < 0 || static_cast<std::size_t>(*index) >= sent_.command.entities.size()) {
    wrong_ = "entity: there is no such entity";
  } else {
    entity = static_cast<std::uint8_t>(*index);
    return &schema_.schema.kinds[sent_.command.entities[entity].kind];
  }
  return nullptr;
}

bool CommandBuilder::field_of(std::optional<std::string_view> name, const Kind& kind,
                              std::optional<FieldIndex>& index) {
  if (!name) return true;
  index = kind.find(*name);
  return index || fail(sentence("field: ", kind.name, " has none of that name"));
}

}  // namespace matsuri::game
