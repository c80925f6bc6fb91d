// Lists of what admins made, from the tables of the points' shard.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "model/ids.h"
#include "points/model.h"
#include "sql/db.h"

namespace matsuri::points {

// A campaign, with what it may still grant; or a sink, with what was spent for it.
struct NamedPurse {
  std::string name;
  TitleId title;
  std::int64_t balance = 0;
  std::int64_t held = 0;  // of a campaign, by trades
};
struct PurseQuery {
  sequencer::KindIndex kind = campaign_kind;
  TitleId title;      // none: of all
  std::string after;  // a name; empty: from the first
  std::size_t count_max = 0;
};
// In the order of their names. Code::busy where the shard does not have the points (any more).
Result<std::vector<NamedPurse>> read_named(sql::Connection& connection, const PurseQuery& query);

// Those of these names that there are. Code::busy as above.
Result<std::vector<NamedPurse>> read_campaigns(sql::Connection& connection,
                                               std::span<const std::string> names);

}  // namespace matsuri::points
