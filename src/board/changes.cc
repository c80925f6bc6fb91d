#include "board/changes.h"

#include "json/value.h"

namespace matsuri::board {
namespace {

Result<void> append_of(const json::Object& entity, const sequencer::StoredCommand& command,
                       std::span<const Board* const> boards, std::vector<Update>& updates) {
  TRY_ASSIGN(const std::string_view kind, entity.string("kind"));
  for (const Board* const board : boards) {
    if (board->kind != kind || (!board->arena.empty() && board->arena != command.arena)) continue;
    TRY_ASSIGN(const std::string_view id, entity.string("id"));
    TRY_ASSIGN(const std::uint64_t version, entity.unsigned_integer("version"));
    TRY_ASSIGN(const json::Object fields, entity.object("fields"));
    TRY_ASSIGN(const auto value, fields.optional_integer(board->field));
    updates.push_back({.board = board,
                       .id = std::string(id),
                       .arena = command.arena,
                       .version = version,
                       .value = value,
                       .reached = {.unix_ms = command.time_ms, .seq = command.seq}});
  }
  return {};
}

}  // namespace

Result<void> append_updates(const sequencer::StoredCommand& command,
                            std::span<const Board* const> boards, std::vector<Update>& updates) {
  const auto read = [&]() -> Result<void> {
    TRY_ASSIGN(const json::Document document, json::Document::parse(command.outcome));
    TRY_ASSIGN(const json::Object outcome, document.object());
    if (!outcome.find("entities")) return {};
    TRY_ASSIGN(const json::Array entities, outcome.array("entities"));
    for (const json::Value value : entities) {
      TRY_ASSIGN(const json::Object entity, value.object());
      TRY(append_of(entity, command, boards, updates));
    }
    return {};
  }();
  if (read.ok()) return {};
  return Error(Code::corrupt, "a stored command: " + read.error().message());
}

Result<std::optional<std::int64_t>> field_in(std::string_view fields, std::string_view name) {
  const auto read = [&]() -> Result<std::optional<std::int64_t>> {
    TRY_ASSIGN(const json::Document document, json::Document::parse(fields));
    TRY_ASSIGN(const json::Object object, document.object());
    return object.optional_integer(name);
  }();
  if (read.ok()) return read;
  return Error(Code::corrupt, "a stored entity: " + read.error().message());
}

}  // namespace matsuri::board
