// Histories and an account's entities as the API shows them.
#pragma once

#include <string>

#include "base/result.h"
#include "game/history.h"

namespace matsuri::game {

// {"commands":[…],"next":…,"read_to_ms":…,"as_of_ms":…}. Code::corrupt where a stored outcome is
// none.
Result<std::string> render(const HistoryPage& page, const HistoryQuery& query);

// {"entities":[…],"next":…,"as_of_ms":…}
std::string render(const EntitiesPage& page);

}  // namespace matsuri::game
