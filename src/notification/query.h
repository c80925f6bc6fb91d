// Reads of notifications, on a reader's connection, off the I/O threads. People who are blocked or
// muted are left out, and notices of nobody else with them.
#pragma once

#include <span>
#include <vector>

#include "base/result.h"
#include "notification/model.h"
#include "sql/db.h"

namespace matsuri::notification {

struct PageQuery {
  AccountId recipient;
  std::uint64_t before = 0;  // 0 for the newest
  std::size_t count_max = page_count_default;
};
Result<Page> read_page(sql::Connection& connection, const PageQuery& query);

Result<std::uint32_t> count_unread(sql::Connection& connection, AccountId recipient);

// The sequence number of the newest notice that ever was; 0 where there was none.
Result<std::uint64_t> newest_sequence(sql::Connection& connection, AccountId recipient);

Result<Settings> read_settings(sql::Connection& connection, AccountId account);

// For a rebuild: settings are no facts', so they go from the old database into the new one. Nothing
// where there is no such table yet.
struct ChosenSettings {
  AccountId account;
  Settings settings;
};
Result<std::vector<ChosenSettings>> read_all_settings(sql::Connection& connection);
Result<void> write_settings(sql::Connection& connection, std::span<const ChosenSettings> all);

}  // namespace matsuri::notification
