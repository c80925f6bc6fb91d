// How entities and outcomes lie in the database: JSON with the names of the schema, so that whoever
// reads the tables by SQL can read them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "sequencer/command.h"
#include "sequencer/schema.h"

namespace matsuri::sequencer {

// Appends {"hp":150,"max_hp":150}.
void append_fields(std::string& text, const Entity& entity, const Kind& kind);
// Code::corrupt where it is no such text, or names a field that the kind does not have.
Result<Entity> parse_fields(std::string_view text, std::uint64_t version, const Kind& kind);

// Appends
// {"verdict":"applied","entities":[{"at":0,"kind":"player","id":"p1","version":3,"fields":{…}}]}.
void append_outcome(std::string& text, const Command& command, const Outcome& outcome,
                    const Schema& schema);
// Stands in the text of an outcome where it names that entity, and nowhere else: quotes inside of
// an id are written in another way. An empty kind means any.
std::string entity_mark(std::string_view kind, std::string_view id);
// The parts that are in columns of their own (seq, time) are left as they are.
Result<Outcome> parse_outcome(std::string_view text, const Schema& schema);

}  // namespace matsuri::sequencer
