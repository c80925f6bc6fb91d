#include "points/query.h"

#include <utility>

#include "points/check.h"
#include "sequencer/history.h"
#include "sequencer/slots.h"

namespace matsuri::points {

Result<std::vector<NamedPurse>> read_named(sql::Connection& connection, const PurseQuery& query) {
  TRY_ASSIGN(const sequencer::SlotSet owned, sequencer::read_owned(connection));
  if (!owned[points_slot])
    return Error(Code::busy, "points move to another shard: try again in a moment");
  std::vector<NamedPurse> purses;
  Result<void> parsed;
  TRY(connection.query(
      "SELECT id, fields FROM entity WHERE title = ? AND arena = ? AND kind = ? AND id > ?"
      " ORDER BY id",
      {points_title.value, points_arena, points_schema().kinds[query.kind].name, query.after},
      [&](const sql::Row& row) {
        if (purses.size() >= query.count_max) return;
        const auto state = parse_state(row.text(1), query.kind);
        if (!state.ok()) {
          parsed = state.error();
          return;
        }
        const TitleId title{static_cast<std::uint64_t>(state->get(owner_title))};
        if (query.title && query.title != title) return;
        purses.push_back({.name = std::string(row.text(0)),
                          .title = title,
                          .balance = state->get(balance_field(query.kind)),
                          .held = query.kind == campaign_kind ? state->get(campaign_held) : 0});
      }));
  TRY(std::move(parsed));
  return purses;
}

}  // namespace matsuri::points
