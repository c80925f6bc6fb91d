#include "analytics/fold.h"

#include <algorithm>

#include "game/trade.h"

namespace matsuri::analytics {
namespace {

// What is held of a trade is on its way from one to another, and belongs to no economy.
bool counts(std::string_view kind) { return kind != game::hold_name; }

Result<void> read(std::string_view json, Decided& command) {
  TRY_ASSIGN(const json::Document document, json::Document::parse(json));
  TRY_ASSIGN(const json::Object outcome, document.object());
  TRY_ASSIGN(const std::string_view verdict, outcome.string("verdict"));
  const auto* const name = std::ranges::find(verdict_names, verdict);
  if (name == verdict_names.end()) return Error(Code::corrupt, "a verdict that is not known here");
  command.verdict = static_cast<std::size_t>(name - verdict_names.begin());
  if (command.verdict != applied || !outcome.find("entities")) return {};
  TRY_ASSIGN(const json::Array entities, outcome.array("entities"));
  for (const json::Value& value : entities) {
    TRY_ASSIGN(const json::Object entity, value.object());
    TRY_ASSIGN(const std::string_view kind, entity.string("kind"));
    if (!counts(kind)) continue;
    TRY_ASSIGN(const std::string_view id, entity.string("id"));
    TRY_ASSIGN(const json::Object object, entity.object("fields"));
    TRY_ASSIGN(Fields fields, read_fields(object));
    command.entities.emplace_back(
        EntityKey{command.title.value, command.arena, std::string(kind), std::string(id)},
        std::move(fields));
  }
  return {};
}

// A field that is not there is 0.
std::int64_t value_of(const Fields& fields, const std::string& field) {
  const auto found = fields.find(field);
  return found == fields.end() ? 0 : found->second;
}

void add_change(Flow& flow, std::int64_t from, std::int64_t to) {
  // The distance of two numbers of 64 bits has 64 bits, and no sign.
  const std::uint64_t up = static_cast<std::uint64_t>(to) - static_cast<std::uint64_t>(from);
  if (to > from)
    flow.amount_in = add_up(flow.amount_in, up);
  else
    flow.amount_out = add_up(flow.amount_out, 0 - up);
}

void add_changes(const Decided& command, Day day, const EntityKey& entity, const Fields& before,
                 const Fields& after, Sums& sums) {
  const auto look_at = [&](const std::string& field) {
    const std::int64_t from = value_of(before, field), to = value_of(after, field);
    if (from == to) return;
    add_change(sums.economy[{entity.title, day, entity.kind, field, command.reason}], from, to);
  };
  for (const auto& [field, value] : after) look_at(field);
  for (const auto& [field, value] : before)
    if (!after.contains(field)) look_at(field);
}

void add_applied(const Decided& command, Day day, Sums& sums) {
  const Title title = command.title.value;
  const auto [at, is_new] =
      sums.arenas.try_emplace({title, command.arena}, Span{command.unix_ms, command.unix_ms});
  Span& span = at->second;
  span.first_ms = std::min(span.first_ms, command.unix_ms);
  span.last_ms = std::max(span.last_ms, command.unix_ms);
  if (command.actor) {
    sums.active.emplace(title, command.actor.value, day);
    sums.participants.emplace(title, command.arena, command.actor.value);
  }
  for (const auto& [entity, after] : command.entities) {
    Fields& before = sums.entities[entity];
    add_changes(command, day, entity, before, after, sums);
    before = after;
  }
}

}  // namespace

Result<Fields> read_fields(const json::Object& object) {
  Fields fields;
  for (const json::Field& field : object) {
    TRY_ASSIGN(const std::int64_t value, field.value.integer());
    fields.emplace(field.key, value);
  }
  return fields;
}

Result<void> read_outcome(std::string_view json, Decided& command) {
  Result<void> done = read(json, command);
  if (done.ok()) return done;
  return Error(Code::corrupt, "the command at place " + std::to_string(command.seq) + " of arena " +
                                  command.arena + ": " + done.error().message());
}

void fold(const std::vector<Decided>& commands, const Zone& zone, Sums& sums) {
  for (const Decided& command : commands) {
    const Day day = zone.day_of(command.unix_ms);
    ++sums.commands[{command.title.value, day, command.reason}][command.verdict];
    ++sums.arena_commands[{command.title.value, command.arena, command.reason}][command.verdict];
    if (command.verdict == applied) add_applied(command, day, sums);
  }
}

}  // namespace matsuri::analytics
