#include "game/model.h"

#include <algorithm>
#include <array>
#include <span>
#include <utility>

#include "base/sentence.h"
#include "text/clean.h"

namespace matsuri::game {
namespace {

using sequencer::Command;
using sequencer::Compare;
using sequencer::FieldIndex;
using sequencer::Guard;
using sequencer::Kind;
using sequencer::Operation;
using sequencer::Step;
using sequencer::Verdict;

constexpr std::array<std::string_view, 10> compare_names = {
    "exists", "absent", "==", "!=", "<", "<=", ">", ">=", "version", "now<"};
constexpr std::array<std::string_view, 9> operation_names = {
    "add", "sub", "add_clamp", "sub_clamp", "set", "max", "min", "set_if_absent", "remove"};
constexpr std::array<std::string_view, 4> which_names = {"none", "read", "own", "any"};

template <class T>
std::optional<T> find_in(std::span<const std::string_view> names, std::string_view name) {
  const auto found = std::ranges::find(names, name);
  if (found == names.end()) return std::nullopt;
  return static_cast<T>(found - names.begin());
}

bool is_clamp(Operation operation) {
  return operation == Operation::add_clamp || operation == Operation::sub_clamp;
}

Error invalid(std::string message) { return {Code::invalid, std::move(message)}; }

bool has(const Kind& kind, std::optional<FieldIndex> field) {
  return !field || *field < kind.fields.size();
}

Result<void> check_guard(const NeededGuard& guard, const Kind& kind) {
  if (!has(kind, guard.field)) return invalid("there is no such field");
  if (guard.compare >= Compare::version)
    return invalid("is: exists, absent and comparisons of a field are taken");
  if (guard.compare >= Compare::equal && !guard.field) return invalid("a comparison names a field");
  return {};
}

Result<void> check_guards(const std::vector<NeededGuard>& guards, const Kind& kind) {
  if (guards.size() > rule_guard_count_max)
    return invalid(sentence("guards: at most ", rule_guard_count_max, " are taken"));
  for (std::size_t i = 0; i < guards.size(); ++i)
    TRY(within(sentence("guards[", i, "]"), check_guard(guards[i], kind)));
  return {};
}

Result<void> check_step(const AllowedStep& step, const Kind& kind) {
  if (!has(kind, step.field) || !has(kind, step.bound_field))
    return invalid("there is no such field");
  if (!step.field && step.operation != Operation::remove)
    return invalid("a step names a field; only remove may do without");
  if ((step.bound || step.bound_field) && !is_clamp(step.operation))
    return invalid("only add_clamp and sub_clamp have a bound");
  if (step.bound && step.bound_field) return invalid("a bound is a number or a field, not both");
  if (step.operation <= Operation::sub_clamp && step.value_min < 0)
    return invalid("value_min: add and sub take 0 or more");
  if (step.value_min > step.value_max) return invalid("value_min is above value_max");
  return check_guards(step.guards, kind);
}

Result<void> check_rule(const PlayerRule& rule, const Kind& kind) {
  if (rule.steps.size() > rule_step_count_max)
    return invalid(sentence("steps: at most ", rule_step_count_max, " are taken"));
  if (rule.which < Which::own && !(rule.steps.empty() && rule.guards.empty()))
    return invalid("steps and guards are for own and any");
  for (std::size_t i = 0; i < rule.steps.size(); ++i)
    TRY(within(sentence("steps[", i, "]"), check_step(rule.steps[i], kind)));
  return check_guards(rule.guards, kind);
}

// "hp > 0", "exists"
std::string words_of(const NeededGuard& guard, const Kind& kind) {
  const std::string_view is = name_of(guard.compare);
  const std::string_view field =
      guard.field ? std::string_view(kind.fields[*guard.field].name) : "";
  if (guard.compare < Compare::equal) return guard.field ? sentence(field, " ", is) : sentence(is);
  return sentence(field, " ", is, " ", guard.value);
}

bool means(const AllowedStep& allowed, const Step& step) {
  return allowed.field == step.field && allowed.operation == step.operation &&
         allowed.bound == step.bound && allowed.bound_field == step.bound_field;
}

// The first of the kind's that takes the step.
Result<const AllowedStep*> find_allowed(const Step& step, const PlayerRule& rule,
                                        const Kind& kind) {
  const AllowedStep* nearest = nullptr;
  for (const AllowedStep& allowed : rule.steps) {
    if (!means(allowed, step)) continue;
    if (step.operation == Operation::remove) return &allowed;
    if (step.value >= allowed.value_min && step.value <= allowed.value_max) return &allowed;
    nearest = &allowed;
  }
  if (nearest != nullptr)
    return invalid(
        sentence("value: players may give ", nearest->value_min, " to ", nearest->value_max));
  return invalid(sentence("players may not do that to ", kind.name));
}

// Two steps on one field would take what one of them may not.
bool meets(const Step& step, const Step& other) {
  return step.entity == other.entity && (step.field == other.field || !step.field || !other.field);
}

Result<void> check_carries(const Command& command, std::uint8_t entity,
                           const std::vector<NeededGuard>& guards, const Kind& kind) {
  for (const NeededGuard& needed : guards) {
    const Guard wanted{
        .entity = entity, .field = needed.field, .compare = needed.compare, .value = needed.value};
    if (std::ranges::find(command.guards, wanted) == command.guards.end())
      return invalid(
          sentence("a player's step on ", kind.name, " needs the guard ", words_of(needed, kind)));
  }
  return {};
}

Result<void> check_player_step(const Command& command, std::size_t index, const TitleSchema& schema,
                               const std::string& own) {
  const Step& step = command.steps[index];
  const sequencer::EntityName& name = command.entities[step.entity];
  const Kind& kind = schema.schema.kinds[name.kind];
  const PlayerRule& rule = schema.players[name.kind];
  if (rule.which == Which::read) return invalid(sentence("players may not change ", kind.name));
  if (rule.which == Which::own && name.id != own)
    return invalid(sentence("a player may change their own ", kind.name, " alone"));
  TRY_ASSIGN(const AllowedStep* const allowed, find_allowed(step, rule, kind));
  for (std::size_t i = 0; i < index; ++i)
    if (meets(step, command.steps[i])) return invalid("a player changes a field once in a command");
  TRY(check_carries(command, step.entity, rule.guards, kind));
  return check_carries(command, step.entity, allowed->guards, kind);
}

}  // namespace

std::string_view name_of(KeyKind kind) { return kind == KeyKind::server ? "server" : "client"; }

Result<KeyKind> parse_key_kind(std::string_view name) {
  if (name == "server") return KeyKind::server;
  if (name == "client") return KeyKind::client;
  return invalid("kind: server or client is taken");
}

Result<std::string> clean_key_name(std::string_view name) {
  auto cleaned =
      text::clean_line(name, {.points_max = key_name_points_max, .size_max = key_name_size_max});
  if (!cleaned.ok()) return invalid("name " + cleaned.error().message());
  return cleaned;
}

std::string_view name_of(Which which) { return which_names[static_cast<std::size_t>(which)]; }

Result<Which> parse_which(std::string_view name) {
  const auto found = find_in<Which>(which_names, name);
  if (!found) return invalid("which: none, read, own or any is taken");
  return *found;
}

std::string_view name_of(Compare compare) {
  return compare_names[static_cast<std::size_t>(compare)];
}
std::string_view name_of(Operation operation) {
  return operation_names[static_cast<std::size_t>(operation)];
}
std::optional<Compare> parse_compare(std::string_view name) {
  return find_in<Compare>(compare_names, name);
}
std::optional<Operation> parse_operation(std::string_view name) {
  return find_in<Operation>(operation_names, name);
}

std::string_view name_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::applied:
      return "applied";
    case Verdict::rejected:
      return "rejected";
    case Verdict::version_mismatch:
      return "version_mismatch";
    case Verdict::linked_failed:
      return "linked_failed";
    case Verdict::overloaded:
      return "overloaded";
    case Verdict::not_owner:
      return "not_owner";
    case Verdict::invalid:
      return "invalid";
    case Verdict::key_reuse:
      return "key_reuse";
    case Verdict::key_too_old:
      return "key_too_old";
    case Verdict::key_from_future:
      return "key_from_future";
    case Verdict::unknown:
      break;
  }
  return "unknown";
}

std::string to_string(const sequencer::Key& key) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  text.reserve(36);
  for (std::size_t i = 0; i < key.bytes.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) text += '-';
    text += digits[key.bytes[i] >> 4];
    text += digits[key.bytes[i] & 15];
  }
  return text;
}

std::optional<sequencer::Key> parse_key(std::string_view text) {
  if (text.size() != 36) return std::nullopt;
  const auto digit = [](char c) -> unsigned {
    if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
    if (c >= 'a' && c <= 'f') return static_cast<unsigned>(c - 'a' + 10);
    if (c >= 'A' && c <= 'F') return static_cast<unsigned>(c - 'A' + 10);
    return 16;
  };
  sequencer::Key key;
  std::size_t at = 0;
  for (std::size_t i = 0; i < key.bytes.size(); ++i) {
    if ((i == 4 || i == 6 || i == 8 || i == 10) && text[at++] != '-') return std::nullopt;
    const unsigned high = digit(text[at++]), low = digit(text[at++]);
    if (high > 15 || low > 15) return std::nullopt;
    key.bytes[i] = static_cast<std::uint8_t>(high << 4 | low);
  }
  return key;
}

Result<void> check(const TitleSchema& schema) {
  TRY(sequencer::check(schema.schema));
  for (std::size_t k = 0; k < schema.schema.kinds.size(); ++k) {
    const Kind& kind = schema.schema.kinds[k];
    TRY(within(sentence("kind ", kind.name, ": players"), check_rule(schema.players[k], kind)));
  }
  return {};
}

Result<void> check_player(const Command& command, const TitleSchema& schema, AccountId player) {
  for (std::size_t i = 0; i < command.entities.size(); ++i) {
    const std::size_t kind = command.entities[i].kind;
    if (schema.players[kind].which == Which::none)
      return invalid(
          sentence("entities[", i, "]: players may not see ", schema.schema.kinds[kind].name));
  }
  const std::string own = player.to_string();
  for (std::size_t i = 0; i < command.steps.size(); ++i)
    TRY(within(sentence("steps[", i, "]"), check_player_step(command, i, schema, own)));
  return {};
}

}  // namespace matsuri::game
