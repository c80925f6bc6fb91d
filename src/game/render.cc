#include "game/render.h"

#include <utility>
#include <vector>

#include "json/value.h"

namespace matsuri::game {
namespace {

using sequencer::Outcome;
using sequencer::StoredCommand;
using sequencer::Verdict;

// A guess that holds for small commands, so that the text grows once or twice.
constexpr std::size_t outcome_size = 240;

void write_entity(json::Writer& writer, const Told& told, const sequencer::Seen& seen,
                  const sequencer::Schema& schema) {
  const auto& [kind_index, id] = told.entities[seen.entity];
  const sequencer::Kind& kind = schema.kinds[kind_index];
  writer.begin_object()
      .field("kind", kind.name)
      .field("id", id)
      .field("version", seen.state.version)
      .key("fields");
  write_fields(writer, seen.state, kind);
  writer.end_object();
}

void write_told(json::Writer& writer, const Told& told, const sequencer::Schema& schema) {
  const Outcome& outcome = told.outcome;
  writer.begin_object();
  if (told.key)
    writer.field("key", to_string(*told.key));
  else
    writer.field_null("key");
  writer.field("outcome", name_of(outcome.verdict));
  if (!sequencer::is_decided(outcome.verdict)) {
    writer.field("message", outcome.message).end_object();
    return;
  }
  writer.field("duplicate", outcome.duplicate)
      .field("seq", outcome.seq)
      .field("time_ms", outcome.time_ms);
  if (outcome.verdict == Verdict::linked_failed) {
    writer.field("linked", outcome.linked).end_object();
    return;
  }
  if (outcome.verdict != Verdict::applied) writer.field("guard", outcome.guard);
  writer.key("entities").begin_array();
  for (const sequencer::Seen& seen : outcome.entities) write_entity(writer, told, seen, schema);
  writer.end_array().end_object();
}

// What the tables call "at" is the place in the command, which the API does not show.
Result<void> write_stored_entity(json::Writer& writer, const json::Object& entity) {
  TRY_ASSIGN(const std::string_view kind, entity.string("kind"));
  TRY_ASSIGN(const std::string_view id, entity.string("id"));
  TRY_ASSIGN(const std::uint64_t version, entity.unsigned_integer("version"));
  TRY_ASSIGN(const json::Value fields, entity.value("fields"));
  writer.begin_object()
      .field("kind", kind)
      .field("id", id)
      .field("version", version)
      .key("fields")
      .copy(fields)
      .end_object();
  return {};
}

Error damaged(const StoredCommand& command, const Error& error) {
  return {Code::corrupt,
          "command " + std::to_string(command.seq) + " of a shard: " + error.message()};
}

Result<void> write_stored(json::Writer& writer, const StoredCommand& command) {
  TRY_ASSIGN(const json::Document document, json::Document::parse(command.outcome));
  TRY_ASSIGN(const json::Object object, document.object());
  TRY_ASSIGN(const std::string_view verdict, object.string("verdict"));
  writer.begin_object()
      .field("key", to_string(command.key))
      .field("outcome", verdict)
      .field("duplicate", true)
      .field("seq", command.seq)
      .field("time_ms", command.time_ms);
  for (const std::string_view name : {"guard", "linked"}) {
    TRY_ASSIGN(const auto index, object.optional_integer(name));
    if (index) writer.field(name, *index);
  }
  if (verdict != name_of(Verdict::linked_failed)) {
    writer.key("entities").begin_array();
    if (object.find("entities")) {
      TRY_ASSIGN(const json::Array entities, object.array("entities"));
      for (const json::Value value : entities) {
        TRY_ASSIGN(const json::Object entity, value.object());
        TRY(write_stored_entity(writer, entity));
      }
    }
    writer.end_array();
  }
  writer.end_object();
  return {};
}

// The entities of an applied command that a player may see; all of them for a server.
Result<std::vector<json::Object>> visible(const json::Object& outcome, const TitleSchema& schema,
                                          AccountId player) {
  std::vector<json::Object> seen;
  TRY_ASSIGN(const json::Array entities, outcome.array("entities"));
  for (const json::Value value : entities) {
    TRY_ASSIGN(json::Object entity, value.object());
    TRY_ASSIGN(const std::string_view kind_name, entity.string("kind"));
    const auto kind = schema.schema.find(kind_name);
    if (!player || (kind && schema.players[*kind].which != Which::none))
      seen.push_back(std::move(entity));
  }
  return seen;
}

Result<bool> write_applied(json::Writer& writer, const StoredCommand& command,
                           const TitleSchema& schema, AccountId player) {
  TRY_ASSIGN(const json::Document document, json::Document::parse(command.outcome));
  TRY_ASSIGN(const json::Object outcome, document.object());
  TRY_ASSIGN(const std::vector<json::Object> entities, visible(outcome, schema, player));
  if (entities.empty()) return false;
  writer.begin_object()
      .field("arena", command.arena)
      .field("seq", command.seq)
      .field("key", to_string(command.key));
  if (command.actor)
    writer.field_id("actor", command.actor.value);
  else
    writer.field_null("actor");
  writer.field("reason", command.reason)
      .field("time_ms", command.time_ms)
      .key("entities")
      .begin_array();
  for (const json::Object& entity : entities) TRY(write_stored_entity(writer, entity));
  writer.end_array().end_object();
  return true;
}

}  // namespace

void write_fields(json::Writer& writer, const sequencer::Entity& entity,
                  const sequencer::Kind& kind) {
  writer.begin_object();
  for (std::size_t f = 0; f < kind.fields.size(); ++f)
    if (const auto field = static_cast<sequencer::FieldIndex>(f); entity.has(field))
      writer.field(kind.fields[f].name, entity.get(field));
  writer.end_object();
}

std::string render(const ToldAll& told, const sequencer::Schema& schema) {
  std::string body;
  body.reserve(told.outcomes.size() * outcome_size);
  json::Writer writer(body);
  writer.begin_object().key("outcomes").begin_array();
  for (const Told& one : told.outcomes) write_told(writer, one, schema);
  writer.end_array().field("token", told.token.to_token()).end_object();
  return body;
}

Result<void> write_outcome(json::Writer& writer, const StoredCommand& command) {
  const Result<void> written = write_stored(writer, command);
  if (!written.ok()) return damaged(command, written.error());
  return {};
}

Result<bool> write_change(json::Writer& writer, const StoredCommand& command,
                          const TitleSchema& schema, AccountId player) {
  Result<bool> written = write_applied(writer, command, schema, player);
  if (!written.ok()) return damaged(command, written.error());
  return written;
}

}  // namespace matsuri::game
