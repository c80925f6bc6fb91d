#include "points/query.h"

#include <utility>

#include "points/check.h"
#include "sequencer/history.h"
#include "sequencer/slots.h"
#include "sql/list.h"

namespace matsuri::points {
namespace {

Result<void> check_owned(sql::Connection& connection) {
  TRY_ASSIGN(const sequencer::SlotSet owned, sequencer::read_owned(connection));
  if (!owned[points_slot])
    return Error(Code::busy, "points move to another shard: try again in a moment");
  return {};
}

// Of a row with its id and its fields.
Result<NamedPurse> purse_of(const sql::Row& row, sequencer::KindIndex kind) {
  TRY_ASSIGN(const auto state, parse_state(row.text(1), kind));
  return NamedPurse{.name = std::string(row.text(0)),
                    .title = TitleId{static_cast<std::uint64_t>(state.get(owner_title))},
                    .balance = state.get(balance_field(kind)),
                    .held = kind == campaign_kind ? state.get(campaign_held) : 0};
}

}  // namespace

Result<std::vector<NamedPurse>> read_named(sql::Connection& connection, const PurseQuery& query) {
  TRY(check_owned(connection));
  std::vector<NamedPurse> purses;
  Result<void> parsed;
  TRY(connection.query(
      "SELECT id, fields FROM entity WHERE title = ? AND arena = ? AND kind = ? AND id > ?"
      " ORDER BY id",
      {points_title.value, points_arena, points_schema().kinds[query.kind].name, query.after},
      [&](const sql::Row& row) {
        if (purses.size() >= query.count_max) return;
        auto purse = purse_of(row, query.kind);
        if (!purse.ok())
          parsed = purse.error();
        else if (!query.title || query.title == purse->title)
          purses.push_back(std::move(*purse));
      }));
  TRY(std::move(parsed));
  return purses;
}

Result<std::vector<NamedPurse>> read_campaigns(sql::Connection& connection,
                                               std::span<const std::string> names) {
  TRY(check_owned(connection));
  const std::vector<sql::Value> ids(names.begin(), names.end());
  std::vector<NamedPurse> purses;
  Result<void> parsed;
  TRY(sql::query_in(connection, "SELECT id, fields FROM entity WHERE id",
                    " AND title = ? AND arena = ? AND kind = ?", ids,
                    {points_title.value, points_arena, points_schema().kinds[campaign_kind].name},
                    [&](const sql::Row& row) {
                      auto purse = purse_of(row, campaign_kind);
                      if (purse.ok())
                        purses.push_back(std::move(*purse));
                      else
                        parsed = purse.error();
                    }));
  TRY(std::move(parsed));
  return purses;
}

}  // namespace matsuri::points
