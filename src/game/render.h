// Outcomes, entities and changes as the API shows them.
#pragma once

#include <string>

#include "base/result.h"
#include "game/commands.h"
#include "game/model.h"
#include "json/writer.h"
#include "sequencer/command.h"
#include "sequencer/history.h"

namespace matsuri::game {

// {"hp":90}
void write_fields(json::Writer& writer, const sequencer::Entity& entity,
                  const sequencer::Kind& kind);

// {"outcomes":[…],"token":"…"}
std::string render(const ToldAll& told, const sequencer::Schema& schema);

// The outcome of a stored command. Code::corrupt where its text is none.
Result<void> write_outcome(json::Writer& writer, const sequencer::StoredCommand& command);

// An applied command as the feed tells of it, of what `player` (or none: a server) may see. False,
// and nothing is written, where that is nothing. Code::corrupt.
Result<bool> write_change(json::Writer& writer, const sequencer::StoredCommand& command,
                          const TitleSchema& schema, AccountId player);

}  // namespace matsuri::game
