// What a command changed is not stored: outcomes have entities as they were afterwards. So a page
// is gone through from its oldest command on, and each entity is compared with what it was before.
#include "game/history_json.h"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "json/value.h"
#include "json/writer.h"

namespace matsuri::game {
namespace {

using sequencer::StoredCommand;
using Fields = std::map<std::string, std::int64_t, std::less<>>;

struct Version {
  std::uint64_t number = 0;
  Fields fields;
};

std::int64_t value_of(const Fields& fields, const std::string& name) {
  const auto found = fields.find(name);
  return found == fields.end() ? 0 : found->second;
}

// What is not there counts as 0. nullopt where a difference has no room in 64 bits.
std::optional<Fields> difference(const Fields& before, const Fields& after) {
  std::set<std::string> names;
  for (const Fields* fields : {&before, &after})
    for (const auto& [name, value] : *fields) names.insert(name);
  Fields changes;
  for (const std::string& name : names) {
    std::int64_t change = 0;
    if (__builtin_sub_overflow(value_of(after, name), value_of(before, name), &change))
      return std::nullopt;
    if (change != 0 || before.contains(name) != after.contains(name)) changes[name] = change;
  }
  return changes;
}

class Teller {
 public:
  Teller(const HistoryQuery& query, bool is_whole) : query_(query), is_whole_(is_whole) {}

  // Commands have to come from the oldest on. Gives the text of this one.
  Result<std::string> tell(const StoredCommand& command) {
    TRY_ASSIGN(const json::Document document, json::Document::parse(command.outcome));
    TRY_ASSIGN(const json::Object outcome, document.object());
    TRY_ASSIGN(const json::Array entities, outcome.array("entities"));
    std::string text;
    json::Writer writer(text);
    writer.begin_object()
        .field("key", to_string(command.key))
        .field("arena", command.arena)
        .field("seq", command.seq)
        .field("time_ms", command.time_ms);
    if (command.actor)
      writer.field_id("actor", command.actor.value);
    else
      writer.field_null("actor");
    writer.field("reason", command.reason).key("entities").begin_array();
    for (const json::Value value : entities) {
      TRY_ASSIGN(const json::Object entity, value.object());
      TRY(write_entity(writer, command.arena, entity));
    }
    writer.end_array().end_object();
    return text;
  }

 private:
  Result<void> write_entity(json::Writer& writer, const std::string& arena,
                            const json::Object& entity) {
    TRY_ASSIGN(const std::string_view kind, entity.string("kind"));
    TRY_ASSIGN(const std::string_view id, entity.string("id"));
    Version version;
    TRY_ASSIGN(version.number, entity.unsigned_integer("version"));
    TRY_ASSIGN(const json::Object fields, entity.object("fields"));
    for (const json::Field& field : fields) {
      TRY_ASSIGN(version.fields[std::string(field.key)], field.value.integer());
    }
    writer.begin_object().field("kind", kind).field("id", id).field("version", version.number);
    write(writer.key("fields"), version.fields);
    std::optional<Version>& known = known_[{arena, std::string(kind), std::string(id)}];
    const auto changes = changes_of(known, version, is_told_whole(kind, id));
    writer.key("changes");
    if (changes)
      write(writer, *changes);
    else
      writer.null();
    writer.end_object();
    known = std::move(version);
    return {};
  }

  // The first version may have been made earlier, and only been looked at here: but not where
  // nothing earlier can have been missed.
  static std::optional<Fields> changes_of(const std::optional<Version>& known,
                                          const Version& version, bool is_told_whole) {
    const std::uint64_t number = known ? known->number : 0;
    if (number == version.number) return Fields();
    if (number + 1 != version.number || (!known && !is_told_whole)) return std::nullopt;
    return difference(known ? known->fields : Fields(), version.fields);
  }

  // Are all commands that touched it here?
  bool is_told_whole(std::string_view kind, std::string_view id) const {
    if (!is_whole_) return false;
    return query_.entity ? query_.entity->kind == kind && query_.entity->id == id
                         : query_.player.to_string() == id;
  }

  static void write(json::Writer& writer, const Fields& fields) {
    writer.begin_object();
    for (const auto& [name, value] : fields) writer.field(name, value);
    writer.end_object();
  }

  const HistoryQuery& query_;
  const bool is_whole_;
  // By arena, kind and id.
  std::map<std::array<std::string, 3>, std::optional<Version>> known_;
};

// Of one arena from the oldest on, whatever the clocks of shards said.
std::vector<const StoredCommand*> from_oldest(const HistoryPage& page) {
  std::vector<const StoredCommand*> all;
  for (const auto* commands : {&page.older, &page.commands})
    for (const StoredCommand& command : *commands) all.push_back(&command);
  std::ranges::sort(all, {}, &StoredCommand::seq);
  return all;
}

void write_next(json::Writer& writer, const std::optional<std::string>& next) {
  if (next)
    writer.field("next", *next);
  else
    writer.field_null("next");
}

template <class Cursor>
std::optional<std::string> token_of(const std::optional<Cursor>& next) {
  if (!next) return std::nullopt;
  return next->to_token();
}

}  // namespace

Result<std::string> render(const HistoryPage& page, const HistoryQuery& query) {
  Teller teller(query, !page.next);
  std::map<const StoredCommand*, std::string> told;
  for (const StoredCommand* const command : from_oldest(page)) {
    auto text = teller.tell(*command);
    if (!text.ok())
      return Error(Code::corrupt, "command " + std::to_string(command->seq) +
                                      " of a shard: " + text.error().message());
    told[command] = std::move(*text);
  }
  std::string body;
  json::Writer writer(body);
  writer.begin_object().key("commands").begin_array();
  for (const StoredCommand& command : page.commands) writer.raw(told[&command]);
  writer.end_array();
  write_next(writer, token_of(page.next));
  writer.field("read_to_ms", page.read_to_ms).field("as_of_ms", page.as_of_ms).end_object();
  return body;
}

std::string render(const EntitiesPage& page) {
  std::string body;
  json::Writer writer(body);
  writer.begin_object().key("entities").begin_array();
  for (const sequencer::NamedEntity& entity : page.entities)
    writer.begin_object()
        .field("arena", entity.arena)
        .field("kind", entity.kind)
        .field("id", entity.id)
        .field("version", entity.version)
        .key("fields")
        .raw(entity.fields)
        .end_object();
  writer.end_array();
  write_next(writer, token_of(page.next));
  writer.field("as_of_ms", page.as_of_ms).end_object();
  return body;
}

}  // namespace matsuri::game
