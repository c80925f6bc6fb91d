// Schemas are checked here once, when they are registered, so that whoever decides commands need
// not ask again.
#include "sequencer/schema.h"

#include <algorithm>

#include "base/sentence.h"

namespace matsuri::sequencer {

namespace {

bool is_name(std::string_view text) {
  if (text.empty() || text.size() > name_size_max) return false;
  if (text.front() < 'a' || text.front() > 'z') return false;
  return std::ranges::all_of(
      text, [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; });
}

Error bad_name(std::string_view what, std::string_view name) {
  return Error(Code::invalid, sentence(what, " \"", name, "\": a name is 1 to ", name_size_max,
                                       " of a-z, 0-9 and _, and begins with a letter"));
}

// Finds the index of what is called `name`.
template <class Index, class Things>
std::optional<Index> find_in(const Things& things, std::string_view name) {
  for (std::size_t i = 0; i < things.size(); ++i)
    if (things[i].name == name) return static_cast<Index>(i);
  return std::nullopt;
}

Result<void> check_kind(const Kind& kind) {
  if (!is_name(kind.name)) return bad_name("kind", kind.name);
  if (kind.fields.empty() || kind.fields.size() > field_count_max)
    return Error(Code::invalid,
                 sentence("kind ", kind.name, ": has 1 to ", field_count_max, " fields"));
  for (std::size_t i = 0; i < kind.fields.size(); ++i) {
    const Field& field = kind.fields[i];
    if (!is_name(field.name)) return bad_name("field", field.name);
    if (kind.find(field.name) != static_cast<FieldIndex>(i))
      return Error(Code::invalid,
                   sentence("kind ", kind.name, ": field ", field.name, " stands twice"));
    if (field.min > field.max)
      return Error(Code::invalid,
                   sentence("field ", kind.name, ".", field.name, ": min is above max"));
  }
  return {};
}

}  // namespace

std::optional<FieldIndex> Kind::find(std::string_view field) const {
  return find_in<FieldIndex>(fields, field);
}

std::optional<KindIndex> Schema::find(std::string_view kind) const {
  return find_in<KindIndex>(kinds, kind);
}

Result<void> check(const Schema& schema) {
  if (schema.kinds.empty() || schema.kinds.size() > kind_count_max)
    return Error(Code::invalid, sentence("a schema has 1 to ", kind_count_max, " kinds"));
  for (std::size_t i = 0; i < schema.kinds.size(); ++i) {
    TRY(check_kind(schema.kinds[i]));
    if (schema.find(schema.kinds[i].name) != static_cast<KindIndex>(i))
      return Error(Code::invalid, sentence("kind ", schema.kinds[i].name, " stands twice"));
  }
  return {};
}

Result<void> check_change(const Schema& now, const Schema& next) {
  TRY(check(next));
  for (std::size_t k = 0; k < now.kinds.size(); ++k) {
    const Kind& old_kind = now.kinds[k];
    if (k >= next.kinds.size() || next.kinds[k].name != old_kind.name)
      return Error(Code::conflict, sentence("kind ", old_kind.name,
                                            " has to stay at its place: add new ones behind"));
    const Kind& new_kind = next.kinds[k];
    for (std::size_t f = 0; f < old_kind.fields.size(); ++f) {
      const Field& was = old_kind.fields[f];
      if (f >= new_kind.fields.size() || new_kind.fields[f].name != was.name)
        return Error(Code::conflict, sentence("field ", old_kind.name, ".", was.name,
                                              " has to stay at its place: add new ones behind"));
      if (new_kind.fields[f].min > was.min || new_kind.fields[f].max < was.max)
        return Error(Code::conflict,
                     sentence("field ", old_kind.name, ".", was.name, ": bounds may only widen"));
    }
  }
  return {};
}

}  // namespace matsuri::sequencer
