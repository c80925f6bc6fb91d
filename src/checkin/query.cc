#include "checkin/query.h"

#include <limits>

namespace matsuri::checkin {

Result<CheckinPage> read_own(sql::Connection& connection, const OwnQuery& query) {
  const std::uint64_t before =
      query.before == 0 ? std::numeric_limits<std::int64_t>::max() : query.before;
  CheckinPage page;
  TRY(connection.query(
      "SELECT id, programme, window_id, unix_ms, status, reason, points FROM checkin "
      "WHERE account = ? AND id > 0 AND id < ? ORDER BY id DESC LIMIT ?",
      {query.account.value, before, static_cast<std::int64_t>(query.count_max + 1)},
      [&](const sql::Row& row) {
        if (page.checkins.size() == query.count_max) {
          page.next = page.checkins.back().id;
          return;
        }
        page.checkins.push_back({.id = row.id(0),
                                 .programme = std::string(row.text(1)),
                                 .window = static_cast<std::uint32_t>(row.id(2)),
                                 .unix_ms = row.integer(3),
                                 .status = static_cast<Status>(row.integer(4)),
                                 .reason = static_cast<GrantReason>(row.integer(5)),
                                 .points = row.integer(6)});
      }));
  return page;
}

Result<std::uint64_t> read_place(sql::Connection& connection, const journal::InboxFileId& file) {
  const std::string name = to_hex(file);
  TRY_ASSIGN(const auto offset,
             connection.integer("SELECT at_offset FROM inbox_place WHERE file = ?", {name}));
  return static_cast<std::uint64_t>(offset.value_or(0));
}

}  // namespace matsuri::checkin
