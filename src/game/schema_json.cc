#include "game/schema_json.h"

#include <limits>
#include <optional>
#include <utility>

#include "base/sentence.h"
#include "game/trade.h"
#include "json/value.h"

namespace matsuri::game {
namespace {

using sequencer::Field;
using sequencer::FieldIndex;
using sequencer::Kind;

constexpr std::int64_t lowest = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t highest = std::numeric_limits<std::int64_t>::max();

Result<std::optional<FieldIndex>> field_in(const json::Object& object, std::string_view key,
                                           const Kind& kind) {
  TRY_ASSIGN(const auto name, object.optional_string(key));
  if (!name) return std::optional<FieldIndex>();
  const auto index = kind.find(*name);
  if (!index)
    return Error(Code::invalid, sentence(key, ": ", kind.name, " has no field \"", *name, "\""));
  return std::optional(*index);
}

Result<NeededGuard> read_guard(const json::Object& object, const Kind& kind) {
  TRY(object.only({"field", "is", "value"}));
  NeededGuard guard;
  TRY_ASSIGN(guard.field, field_in(object, "field", kind));
  TRY_ASSIGN(const std::string_view is, object.string("is"));
  const auto compare = parse_compare(is);
  if (!compare) return Error(Code::invalid, sentence("is: \"", is, "\" is not known here"));
  guard.compare = *compare;
  if (guard.compare >= sequencer::Compare::equal) {
    TRY_ASSIGN(guard.value, object.integer("value"));
  }
  return guard;
}

// Calls `read` for each object of the list `key`, if there is one.
template <class Read>
Result<void> for_each(const json::Object& object, std::string_view key, Read read) {
  if (!object.find(key)) return {};
  TRY_ASSIGN(const json::Array array, object.array(key));
  std::size_t index = 0;
  for (const json::Value value : array) {
    TRY_ASSIGN(const json::Object one, within(array.path_of(index), value.object()));
    TRY(within(array.path_of(index), read(one)));
    ++index;
  }
  return {};
}

Result<std::vector<NeededGuard>> read_guards(const json::Object& object, const Kind& kind) {
  std::vector<NeededGuard> guards;
  TRY(for_each(object, "guards", [&](const json::Object& one) -> Result<void> {
    TRY_ASSIGN(NeededGuard guard, read_guard(one, kind));
    guards.push_back(guard);
    return {};
  }));
  return guards;
}

Result<AllowedStep> read_step(const json::Object& object, const Kind& kind) {
  TRY(object.only({"field", "do", "value_min", "value_max", "bound", "bound_field", "guards"}));
  AllowedStep step;
  TRY_ASSIGN(step.field, field_in(object, "field", kind));
  TRY_ASSIGN(const std::string_view operation, object.string("do"));
  const auto known = parse_operation(operation);
  if (!known) return Error(Code::invalid, sentence("do: \"", operation, "\" is not known here"));
  step.operation = *known;
  TRY_ASSIGN(const auto value_min, object.optional_integer("value_min"));
  step.value_min = value_min.value_or(0);
  if (step.operation == sequencer::Operation::remove) {
    TRY_ASSIGN(const auto value_max, object.optional_integer("value_max"));
    step.value_max = value_max.value_or(0);
  } else {
    TRY_ASSIGN(step.value_max, object.integer("value_max"));
  }
  TRY_ASSIGN(step.bound, object.optional_integer("bound"));
  TRY_ASSIGN(step.bound_field, field_in(object, "bound_field", kind));
  TRY_ASSIGN(step.guards, read_guards(object, kind));
  return step;
}

Result<PlayerRule> read_rule(const json::Object& object, const Kind& kind) {
  TRY(object.only({"which", "steps", "guards"}));
  PlayerRule rule;
  TRY_ASSIGN(const std::string_view which, object.string("which"));
  TRY_ASSIGN(rule.which, parse_which(which));
  TRY(for_each(object, "steps", [&](const json::Object& one) -> Result<void> {
    TRY_ASSIGN(AllowedStep step, read_step(one, kind));
    rule.steps.push_back(std::move(step));
    return {};
  }));
  TRY_ASSIGN(rule.guards, read_guards(object, kind));
  return rule;
}

Result<Field> read_field(const json::Object& object) {
  TRY(object.only({"name", "min", "max"}));
  Field field;
  TRY_ASSIGN(const std::string_view name, object.string("name"));
  TRY_ASSIGN(const auto min, object.optional_integer("min"));
  TRY_ASSIGN(const auto max, object.optional_integer("max"));
  field.name = name;
  field.min = min.value_or(lowest);
  field.max = max.value_or(highest);
  return field;
}

Result<void> read_kind(const json::Object& object, TitleSchema& schema) {
  TRY(object.only({"name", "fields", "players"}));
  Kind kind;
  TRY_ASSIGN(const std::string_view name, object.string("name"));
  kind.name = name;
  if (name == hold_name) return Error(Code::invalid, "name: hold is the kind of what trades hold");
  TRY(for_each(object, "fields", [&](const json::Object& one) -> Result<void> {
    if (kind.fields.size() == sequencer::field_count_max)
      return Error(Code::invalid, sentence("has at most ", sequencer::field_count_max, " fields"));
    TRY_ASSIGN(Field field, read_field(one));
    kind.fields.push_back(std::move(field));
    return {};
  }));
  PlayerRule rule;
  if (object.find("players")) {
    TRY_ASSIGN(const json::Object players, object.object("players"));
    TRY_ASSIGN(rule, within("players", read_rule(players, kind)));
  }
  schema.schema.kinds.push_back(std::move(kind));
  schema.players.push_back(std::move(rule));
  return {};
}

// What is held of a kind that players may not see is not for them either.
Which which_of_holds(const TitleSchema& schema) {
  for (std::size_t k = 0; k < schema.players.size(); ++k)
    if (k != hold_kind && schema.players[k].which == Which::none) return Which::none;
  return Which::read;
}

void write_field_name(json::Writer& writer, std::string_view key, const Kind& kind,
                      std::optional<FieldIndex> field) {
  if (field) writer.field(key, kind.fields[*field].name);
}

void write_guards(json::Writer& writer, const std::vector<NeededGuard>& guards, const Kind& kind) {
  writer.key("guards").begin_array();
  for (const NeededGuard& guard : guards) {
    writer.begin_object();
    write_field_name(writer, "field", kind, guard.field);
    writer.field("is", name_of(guard.compare));
    if (guard.compare >= sequencer::Compare::equal) writer.field("value", guard.value);
    writer.end_object();
  }
  writer.end_array();
}

void write_rule(json::Writer& writer, const PlayerRule& rule, const Kind& kind) {
  writer.begin_object().field("which", name_of(rule.which)).key("steps").begin_array();
  for (const AllowedStep& step : rule.steps) {
    writer.begin_object();
    write_field_name(writer, "field", kind, step.field);
    writer.field("do", name_of(step.operation))
        .field("value_min", step.value_min)
        .field("value_max", step.value_max);
    if (step.bound) writer.field("bound", *step.bound);
    write_field_name(writer, "bound_field", kind, step.bound_field);
    if (!step.guards.empty()) write_guards(writer, step.guards, kind);
    writer.end_object();
  }
  writer.end_array();
  write_guards(writer, rule.guards, kind);
  writer.end_object();
}

}  // namespace

Result<TitleSchema> parse_schema(std::string_view text) {
  TRY_ASSIGN(const json::Document document,
             json::Document::parse(text, {.size_max = schema_size_max}));
  TRY_ASSIGN(const json::Object object, document.object());
  TRY(object.only({"kinds"}));
  TRY_ASSIGN(const json::Array array, object.array("kinds"));
  if (array.size() == 0 || array.size() > title_kind_count_max)
    return Error(Code::invalid, sentence("kinds: 1 to ", title_kind_count_max, " are taken"));
  TitleSchema schema;
  schema.schema.kinds.push_back(hold_kind_of_all());
  schema.players.emplace_back();
  TRY(for_each(object, "kinds", [&](const json::Object& one) { return read_kind(one, schema); }));
  schema.players[hold_kind].which = which_of_holds(schema);
  TRY(check(schema));
  return schema;
}

void write_schema(json::Writer& writer, const TitleSchema& schema) {
  writer.begin_object().key("kinds").begin_array();
  for (std::size_t k = 0; k < schema.schema.kinds.size(); ++k) {
    if (k == hold_kind) continue;
    const Kind& kind = schema.schema.kinds[k];
    writer.begin_object().field("name", kind.name).key("fields").begin_array();
    for (const Field& field : kind.fields) {
      writer.begin_object().field("name", field.name);
      if (field.min != lowest) writer.field("min", field.min);
      if (field.max != highest) writer.field("max", field.max);
      writer.end_object();
    }
    writer.end_array().key("players");
    write_rule(writer, schema.players[k], kind);
    writer.end_object();
  }
  writer.end_array().end_object();
}

std::string to_text(const TitleSchema& schema) {
  std::string text;
  json::Writer writer(text);
  write_schema(writer, schema);
  return text;
}

}  // namespace matsuri::game
