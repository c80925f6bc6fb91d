// JSON of what is decided. Only what a verdict needs is written.
#include "sequencer/internal/stored.h"

#include <array>
#include <utility>

#include "json/value.h"
#include "json/writer.h"

namespace matsuri::sequencer {

namespace {

constexpr std::array<std::pair<Verdict, std::string_view>, 4> verdict_names = {{
    {Verdict::applied, "applied"},
    {Verdict::rejected, "rejected"},
    {Verdict::version_mismatch, "version_mismatch"},
    {Verdict::linked_failed, "linked_failed"},
}};

Error corrupt(std::string_view what) {
  return Error(Code::corrupt, "a stored command: " + std::string(what));
}

void write_fields(json::Writer& writer, const Entity& entity, const Kind& kind) {
  writer.begin_object();
  for (std::size_t f = 0; f < kind.fields.size(); ++f)
    if (entity.has(static_cast<FieldIndex>(f)))
      writer.field(kind.fields[f].name, entity.get(static_cast<FieldIndex>(f)));
  writer.end_object();
}

Result<Entity> read_fields(const json::Object& object, std::uint64_t version, const Kind& kind) {
  Entity entity{.version = version};
  for (const json::Field& field : object) {
    const auto index = kind.find(field.key);
    if (!index) return corrupt("a field that the schema does not have");
    TRY_ASSIGN(const std::int64_t value, field.value.integer());
    entity.set(*index, value);
  }
  return entity;
}

Result<Seen> read_seen(const json::Object& object, const Schema& schema) {
  TRY_ASSIGN(const std::int64_t at, object.integer("at"));
  TRY_ASSIGN(const std::string_view kind_name, object.string("kind"));
  const auto kind = schema.find(kind_name);
  if (!kind) return corrupt("a kind that the schema does not have");
  TRY_ASSIGN(const std::int64_t version, object.integer("version"));
  TRY_ASSIGN(const json::Object fields, object.object("fields"));
  TRY_ASSIGN(Entity state,
             read_fields(fields, static_cast<std::uint64_t>(version), schema.kinds[*kind]));
  return Seen{static_cast<std::uint8_t>(at), std::move(state)};
}

}  // namespace

void append_fields(std::string& text, const Entity& entity, const Kind& kind) {
  json::Writer writer(text);
  write_fields(writer, entity, kind);
}

Result<Entity> parse_fields(std::string_view text, std::uint64_t version, const Kind& kind) {
  TRY_ASSIGN(const json::Document document, json::Document::parse(text));
  TRY_ASSIGN(const json::Object object, document.object());
  return read_fields(object, version, kind);
}

void append_outcome(std::string& text, const Command& command, const Outcome& outcome,
                    const Schema& schema) {
  json::Writer writer(text);
  writer.begin_object();
  for (const auto& [verdict, name] : verdict_names)
    if (verdict == outcome.verdict) writer.field("verdict", name);
  if (outcome.verdict == Verdict::rejected || outcome.verdict == Verdict::version_mismatch)
    writer.field("guard", std::int64_t{outcome.guard});
  if (outcome.verdict == Verdict::linked_failed)
    writer.field("linked", std::int64_t{outcome.linked});
  if (!outcome.entities.empty()) {
    writer.key("entities").begin_array();
    for (const Seen& seen : outcome.entities) {
      const EntityName& name = command.entities[seen.entity];
      const Kind& kind = schema.kinds[name.kind];
      writer.begin_object()
          .field("at", std::int64_t{seen.entity})
          .field("kind", kind.name)
          .field("id", name.id)
          .field("version", seen.state.version)
          .key("fields");
      write_fields(writer, seen.state, kind);
      writer.end_object();
    }
    writer.end_array();
  }
  writer.end_object();
}

std::string entity_mark(std::string_view kind, std::string_view id) {
  std::string text;
  json::Writer writer(text);
  writer.begin_object();
  if (!kind.empty()) writer.field("kind", kind);
  writer.field("id", id).end_object();
  text.back() = ',';  // the version follows
  return text.substr(1);
}

Result<Outcome> parse_outcome(std::string_view text, const Schema& schema) {
  TRY_ASSIGN(const json::Document document, json::Document::parse(text));
  TRY_ASSIGN(const json::Object object, document.object());
  TRY_ASSIGN(const std::string_view verdict_name, object.string("verdict"));
  Outcome outcome;
  for (const auto& [verdict, name] : verdict_names)
    if (name == verdict_name) outcome.verdict = verdict;
  if (outcome.verdict == Verdict::unknown) return corrupt("a verdict that is not known here");
  TRY_ASSIGN(const auto guard, object.optional_integer("guard"));
  outcome.guard = static_cast<std::uint8_t>(guard.value_or(0));
  TRY_ASSIGN(const auto linked, object.optional_integer("linked"));
  outcome.linked = static_cast<std::uint8_t>(linked.value_or(0));
  if (!object.find("entities")) return outcome;
  TRY_ASSIGN(const json::Array entities, object.array("entities"));
  for (const json::Value& value : entities) {
    TRY_ASSIGN(const json::Object one, value.object());
    TRY_ASSIGN(Seen seen, read_seen(one, schema));
    outcome.entities.push_back(std::move(seen));
  }
  return outcome;
}

}  // namespace matsuri::sequencer
